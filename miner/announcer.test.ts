import { beforeAll, describe, expect, test } from "vitest";
import { keysReady } from "../shared/keys/keypair.ts";
import type { Logger } from "../shared/logger.ts";
import { ManualClock } from "../shared/manual-clock.test-kit.ts";
import { planAnnouncement } from "./announce.ts";
import { type AnnounceOptions, Announcer } from "./announcer.ts";
import { MetagraphView } from "./metagraph-view.ts";
import { bob, ThreeCallChain } from "./miner.test-kit.ts";
import type { Reach } from "./reachability.ts";

const NETUID = 2;
const wanted = { ip: "203.0.113.7", port: 8091 };
const TEN_MINUTES = 10 * 60_000;

beforeAll(keysReady);

/** A miner's announcer on a chain in memory, with what it said. */
async function setting(options: Partial<AnnounceOptions> = {}) {
  const chain = new ThreeCallChain();
  const clock = new ManualClock();
  const said: { event: string; fields: Record<string, unknown> }[] = [];
  const note = (event: string, fields: Record<string, unknown> = {}) => void said.push({ event, fields });
  const logger: Logger = { info: note, warn: note, error: note, debug: note };
  const { view, self } = await MetagraphView.open(NETUID, bob().address, { chain, clock, logger });
  const announcer = new Announcer(
    NETUID,
    { ...wanted, ...options },
    { chain, view, signer: bob(), clock, logger, signal: new AbortController().signal },
  );
  const events = () => said.map(({ event }) => event);
  const look = async () => announcer.seen(await view.refresh());
  return { chain, clock, announcer, self, said, events, look };
}

describe("when an address may be published", () => {
  const shown = { ip: "203.0.113.9", port: 8091, protocol: 4, version: 1, block: 100 };
  test.for([
    ["never, while the chain shows it", { ...shown, ip: wanted.ip }, 500, 50, { kind: "shown" }],
    ["now, for the first time", undefined, 7, 50, { kind: "now" }],
    ["now, without a limit", shown, 100, 0, { kind: "now" }],
    ["one block before the limit is over: the call goes into the next one", shown, 149, 50, { kind: "now" }],
    ["later, and it says from which block on", shown, 110, 50, { kind: "later", from: 150, blocksLeft: 39 }],
  ] as const)("%s", ([_when, axon, block, limit, plan]) => {
    expect(planAnnouncement(wanted, axon, block, limit)).toEqual(plan);
  });
});

describe("a miner's announcement", () => {
  test("waits while the chain would refuse it, says from which block on, and is sent then", async () => {
    const { chain, announcer, self, look, events, said } = await setting();
    chain.neurons[0]!.axon = { ip: "203.0.113.9", port: 8091, protocol: 4, version: 1, block: 5 };
    chain.servingRateLimit = 50;
    await announcer.open({ ...self, axon: chain.neurons[0]!.axon });
    await look();
    expect(events()).toEqual(["miner.announce-later"]); // once, however often it looks
    expect(said[0]!.fields).toMatchObject({ fromBlock: 55, blocksLeft: 47 });
    expect(chain.submitted).toEqual([]);
    chain.block = 60;
    await look();
    expect(chain.submitted).toEqual([{ kind: "serveAxon", netuid: NETUID, ...wanted }]);
    expect(announcer.isShown).toBe(true);
  });

  test("M11 deregistered: it stops announcing, says so once, and does not register again", async () => {
    const { chain, announcer, self, look, events } = await setting();
    await announcer.open(self);
    const [row] = chain.neurons.splice(0, 1);
    for (let i = 0; i < 3; i += 1) await look();
    expect(events()).toEqual(["miner.announced", "miner.deregistered", "miner.announce-stopped"]);
    expect(announcer.isShown).toBe(false);
    expect(chain.submitted.map(({ kind }) => kind)).toEqual(["serveAxon"]); // the one of the start
    chain.neurons.unshift({ ...row!, uid: 0, axon: undefined }); // its operator registered it again
    await look();
    expect(events().slice(3)).toEqual(["miner.registered-again", "miner.announced"]);
  });

  test("M11 another uid: the hotkey keeps its announcement and the change is said", async () => {
    const { chain, announcer, self, look, events } = await setting();
    await announcer.open(self);
    chain.neurons[0]!.uid = 7;
    await look();
    expect(events()).toEqual(["miner.announced", "miner.uid-changed"]);
    expect(announcer.isShown).toBe(true);
  });

  test("M12 address changed: it is found and said, and published only where that was allowed", async () => {
    const moved = "203.0.113.200";
    for (const renew of [false, true]) {
      let ip = wanted.ip;
      const { chain, clock, announcer, self, look, events, said } = await setting({
        renew,
        detect: async () => ip,
      });
      chain.servingRateLimit = 50;
      await announcer.open(self);
      await look();
      ip = moved;
      await clock.advance(TEN_MINUTES);
      await look();
      const changed = said.find(({ event }) => event === "miner.address-changed");
      expect(changed?.fields).toMatchObject({ from: `${wanted.ip}:8091`, to: `${moved}:8091` });
      expect(events().includes("miner.announce-later")).toBe(renew); // inside the rate limit
      chain.block = 100;
      await look();
      expect(chain.submitted.map((call) => "ip" in call && call.ip)).toEqual(
        renew ? [wanted.ip, moved] : [wanted.ip],
      );
    }
  });

  test("M12 an address that no longer leads here is said once, and once when it does again", async () => {
    let verdict: Reach["verdict"] = "reached";
    const { clock, announcer, self, look, events } = await setting({
      probe: async () => ({ verdict, fact: "as the test says" }),
    });
    await announcer.open(self);
    for (const next of ["unreachable", "unreachable", "unknown", "reached"] as const) {
      verdict = next;
      await look();
      await clock.advance(TEN_MINUTES);
    }
    expect(events().slice(1)).toEqual(["miner.unreachable", "miner.reachable-again"]);
    expect(announcer.isReachable).toBe(true);
  });

  test("that the chain refuses while the miner serves is said, and tried again a minute later", async () => {
    const { chain, clock, announcer, self, look, events } = await setting();
    await announcer.open(self);
    chain.neurons[0]!.axon = undefined; // a fork dropped it
    chain.refusal = "SubtensorModule.HotKeyNotRegisteredInSubNet";
    await look();
    await look();
    expect(events()).toEqual(["miner.announced", "miner.announce-failed"]);
    chain.refusal = undefined;
    await clock.advance(60_000);
    await look();
    expect(announcer.isShown).toBe(true);
  });
});
