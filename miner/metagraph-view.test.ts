import { describe, expect, test } from "vitest";
import type { Metagraph, Neuron } from "../shared/chain/metagraph.ts";
import { silentLogger } from "../shared/logger.ts";
import { ManualClock } from "../shared/manual-clock.test-kit.ts";
import { DEFAULT_CALLER_POLICY, refuseCaller } from "./caller-policy.ts";
import { MetagraphView } from "./metagraph-view.ts";

/** A clock whose sleeps move it, and a chain that grants the validator its permit at a given time. */
function setting(permitAtMs: number) {
  let nowMs = 0;
  const asked: number[] = [];
  const neuron = (hotkey: string, validatorPermit: boolean) =>
    ({ hotkey, validatorPermit, stakeRao: 0n }) as Neuron;
  const deps = {
    clock: {
      nowMs: () => nowMs,
      sleep: async (ms: number) => {
        nowMs += ms > 1_000 ? 0 : ms; // the deadline never wins
        if (ms > 1_000) await new Promise(() => {});
      },
    },
    chain: {
      metagraph: async (netuid: number): Promise<Metagraph> => {
        asked.push(nowMs);
        return {
          netuid,
          block: 1,
          neurons: [neuron("miner", false), neuron("validator", nowMs >= permitAtMs)],
        };
      },
    },
    logger: silentLogger,
  };
  return { deps, asked, open: () => MetagraphView.open(1, "miner", deps) };
}

describe("a view that refuses a proven caller", () => {
  test("is renewed however young it is: the permit may be younger", async () => {
    const { open } = setting(100);
    const { view } = await open();
    expect(view.callers.hotkeys.get("validator")?.validatorPermit).toBe(false);
    expect((await view.renewed()).hotkeys.get("validator")?.validatorPermit).toBe(true);
  });

  test("asks the chain once for all who call at the same time, and not more than twice a second", async () => {
    const { open, asked } = setting(Number.POSITIVE_INFINITY);
    const { view } = await open();
    await Promise.all(Array.from({ length: 50 }, () => view.renewed()));
    await view.renewed();
    await view.renewed();
    expect(asked).toEqual([0, 500, 1_000, 1_500]);
  });

  test("stays as it is while the chain is away", async () => {
    const { open, deps } = setting(100);
    const { view } = await open();
    deps.chain.metagraph = async () => Promise.reject(new Error("away"));
    expect(await view.renewed()).toBe(view.callers);
  });
});

test("M10 a chain that cannot be reached: known callers are served until the view is too old, then refused by name, and served again by itself", async () => {
  const clock = new ManualClock();
  const { deps } = setting(0);
  const said: string[] = [];
  const note = (event: string) => void said.push(event);
  const logger = { info: note, warn: note, error: note, debug: note };
  const answering = deps.chain.metagraph;
  const { view } = await MetagraphView.open(1, "miner", { ...deps, clock, logger });
  const stop = new AbortController();
  const following = view.follow(12_000, stop.signal, async () => {});
  const refusal = () => refuseCaller("validator", DEFAULT_CALLER_POLICY, view.callers, clock.nowMs());
  deps.chain.metagraph = async () => Promise.reject(new Error("away"));
  await clock.advance(19 * 60_000);
  expect(refusal()).toBeUndefined();
  await clock.advance(2 * 60_000);
  expect(refusal()).toBe("AXON_CHAIN_STALE");
  deps.chain.metagraph = answering;
  await clock.advance(12_000);
  expect(refusal()).toBeUndefined();
  expect(said).toEqual(["miner.chain-away", "miner.chain-back"]);
  stop.abort();
  await following;
});
