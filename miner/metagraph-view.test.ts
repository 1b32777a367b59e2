import { describe, expect, test } from "vitest";
import type { Metagraph, Neuron } from "../shared/chain/metagraph.ts";
import { silentLogger } from "../shared/logger.ts";
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
