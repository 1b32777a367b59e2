import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../shared/clock.ts";
import { type Journal, openJournal } from "../shared/journal/journal.ts";
import { Keypair, keysReady } from "../shared/keys/keypair.ts";
import { silentLogger } from "../shared/logger.ts";
import { BareChainLink, NETUID } from "./bare-chain-link.test-kit.ts";
import type { ValidatorEvent } from "./events.ts";
import { WeightSetter, type WeightSetterDeps } from "./weight-setter.ts";

const folder = mkdtempSync(join(tmpdir(), "subforge-commit-"));
const METHODS = ["plain", "hash", "timelock"] as const;
/** Questions to the chain that a step takes at most. */
const MOST_CALLS = { plain: 6, hash: 8, timelock: 5 };

let signer: Keypair;
let link: BareChainLink;
let journal: Journal;
let path: string;
let events: ValidatorEvent[];
let journals = 0;

beforeAll(async () => {
  await keysReady();
  signer = Keypair.fromUri("//Bob");
});
beforeEach(() => {
  link = new BareChainLink(signer);
  path = join(folder, `${journals++}.db`);
  journal = open();
  events = [];
  return () => journal.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(METHODS)("weights that a subnet takes by %s", (method) => {
  it.each([0, 1])("end verified in the epoch they are for (mechanism %i)", async (mechanism) => {
    want(method);
    const key = keyOf(mechanism);
    await decide(key);
    await untilSettled(key);
    expect(journal.weights.get(key)).toMatchObject({ status: "verified", method });
    expect(link.row(mechanism)).toEqual(CONTENT);
    const steps = journal.weights.steps(key).map(({ status }) => status);
    expect(steps).toEqual(STEPS[method]);
    expect(link.epoch).toBe(key.epoch + (method === "plain" ? 0 : 1));
  });

  it("are one content and end verified whenever the process dies", async () => {
    want(method);
    for (let diesAt = 0; diesAt < MOST_CALLS[method]; diesAt++) {
      for (const reaches of [true, false]) {
        const key = keyOf(0);
        await decide(key, diesAt + 1);
        await outlive(advance(mortal(diesAt, reaches)));
        restart();
        await advance();
        link.passEpoch();
        await outlive(advance(mortal(diesAt, reaches)));
        restart();
        await untilSettled(key);
        const { status, reason, content } = journal.weights.get(key)!;
        expect([diesAt, reaches, status, reason]).toEqual([diesAt, reaches, "verified", undefined]);
        expect(link.row(0)).toEqual(content);
        link.passEpoch();
      }
    }
  });

  it("survive a restart before every single step", async () => {
    want(method);
    const key = keyOf(0);
    await decide(key);
    await untilSettled(key, restart);
    expect(journal.weights.get(key)).toMatchObject({ status: "verified", content: CONTENT });
  });
});

describe("weights that are committed first", () => {
  it("are hashed when the chain's timelocks have a version we do not know", async () => {
    link.setVersion(5);
    await decide(keyOf(0));
    await untilSettled(keyOf(0, link.epoch));
    expect(journal.weights.latest(NETUID, 0, 1)[0]).toMatchObject({ status: "verified", method: "hash" });
  });

  it("are sent the way the subnet wants them when they are signed, not when they were decided", async () => {
    want("plain");
    const key = keyOf(0);
    await decide(key);
    want("timelock");
    await untilSettled(key);
    expect(journal.weights.get(key)).toMatchObject({ status: "verified", method: "timelock" });
  });

  it("are lost by name when nobody was there to reveal them", async () => {
    want("hash");
    const key = keyOf(0);
    await decide(key);
    await advance();
    link.passEpoch();
    link.passEpoch();
    await advance();
    expect(journal.weights.get(key)).toMatchObject({ status: "failed", reason: "reveal-missed" });
    expect(events.at(-1)).toMatchObject({ event: "weights.failed", reason: "reveal-missed" });
  });

  it("are lost by name when the beacon falls silent", async () => {
    want("timelock");
    const key = keyOf(0);
    await decide(key);
    await advance();
    link.silenceBeacon();
    await untilSettled(key);
    expect(journal.weights.get(key)).toMatchObject({ status: "failed", reason: "reveal-lost" });
  });

  it("are revealed once more when a fork drops the block of the reveal", async () => {
    want("hash");
    const key = keyOf(0);
    link.finalityLag = 2;
    await decide(key);
    while (journal.weights.get(key)!.status !== "revealed") {
      link.chain.pass(1);
      await advance();
    }
    link.dropBlocks(1);
    expect(link.row(0)).toEqual({ uids: [], values: [] });
    await untilSettled(key);
    const steps = journal.weights.steps(key).map(({ status }) => status);
    expect(steps.slice(-5)).toEqual(["revealing", "revealed", "revealing", "revealed", "verified"]);
    expect(link.row(0)).toEqual(CONTENT);
  });

  it("are not sent for a mechanism that the subnet does not have", async () => {
    const key = keyOf(2);
    await decide(key);
    expect(journal.weights.get(key)).toMatchObject({ status: "abstained", reason: "no-such-mechanism" });
  });

  it("are not encrypted to what is no beacon", async () => {
    want("timelock");
    const key = keyOf(0);
    await decide(key);
    link.breakBeacon();
    await advance();
    expect(journal.weights.get(key)).toMatchObject({ status: "abstained", reason: "beacon-invalid" });
  });

  it("abstain when somebody else committed with this key in the same epoch", async () => {
    want("timelock");
    const key = keyOf(0);
    await decide(key);
    await advance();
    journal.close();
    path = join(folder, `${journals++}.db`);
    journal = open();
    await decide(key);
    expect(journal.weights.get(key)).toMatchObject({ status: "abstained", reason: "set-by-another" });
  });

  it("are found revealed by a process that comes back late", async () => {
    want("timelock");
    const key = keyOf(0);
    await decide(key);
    await advance();
    for (let i = 0; i < 3; i++) link.passEpoch();
    restart();
    await advance();
    expect(journal.weights.get(key)).toMatchObject({ status: "verified" });
  });

  it("tell when they will open", async () => {
    want("timelock");
    const key = keyOf(0);
    await decide(key);
    await advance();
    link.chain.pass(1);
    await advance();
    const committed = events.find(({ event }) => event === "weights.committed");
    expect(committed).toMatchObject({ method: "timelock", revealEpoch: key.epoch + 1 });
    const { revealBlock } = journal.weights.get(key)!;
    while (link.chain.block < revealBlock!) link.chain.pass(1);
    expect(link.epoch).toBe(key.epoch + 1);
  });

  it("wait longer when the owner makes the period longer meanwhile", async () => {
    want("hash");
    const key = keyOf(0);
    await decide(key);
    await advance();
    link.admin("sudo_set_commit_reveal_weights_interval", { interval: 2n });
    await untilSettled(key);
    expect(journal.weights.get(key)).toMatchObject({ status: "verified" });
    expect(link.epoch).toBe(key.epoch + 2);
  });

  it("that can no longer be revealed because committing was switched off are lost by name", async () => {
    want("hash");
    const key = keyOf(0);
    await decide(key);
    await advance();
    want("plain");
    await untilSettled(key);
    expect(journal.weights.get(key)).toMatchObject({ status: "failed", reason: "reveal-missed" });
  });

  it("follow each other, epoch by epoch", async () => {
    want("timelock");
    const first = keyOf(0);
    await decide(first);
    await advance();
    link.passEpoch();
    const second = keyOf(0);
    await decide(second, 5);
    await untilSettled(second);
    const statuses = [first, second].map((key) => journal.weights.get(key)!.status);
    expect(statuses).toEqual(["verified", "verified"]);
    expect(link.row(0)).toEqual(journal.weights.get(second)!.content);
  });

  it("never show their salt before the chain does", async () => {
    want("hash");
    const key = keyOf(0);
    await decide(key);
    await advance();
    const { salt } = journal.weights.get(key)!;
    expect(salt).toHaveLength(16);
    const told = JSON.stringify([events, journal.weights.steps(key)]);
    expect(told).not.toContain(JSON.stringify(salt).slice(1, -1));
  });
});

const CONTENT = { uids: [0, 1], values: [6_554, 65_535] };

const COMMITTED = ["planned", "signed", "submitted", "included"];
const STEPS = {
  plain: [...COMMITTED, "verified"],
  hash: [...COMMITTED, "revealing", "revealed", "verified"],
  timelock: [...COMMITTED, "revealed", "verified"],
};

/** What the subnet asks for. */
function want(method: (typeof METHODS)[number]): void {
  link.admin("sudo_set_commit_reveal_weights_enabled", { enabled: method !== "plain" });
  link.setVersion(method === "timelock" ? 4 : 9);
}

function keyOf(mechanism: number, epoch = link.epoch) {
  return { netuid: NETUID, mechanism, epoch };
}

async function decide(key: ReturnType<typeof keyOf>, weight = 1, chain = asChain()): Promise<void> {
  const shares = [
    { uid: 0, hotkey: signer.address, weight },
    { uid: 1, hotkey: link.minerHotkey, weight: 10 },
  ];
  await setter(chain).decide(key, shares);
}

async function advance(chain = asChain()): Promise<void> {
  for (const mechanism of [0, 1]) await setter(chain).advance(NETUID, mechanism);
}

/** Block by block, at most until everything must be over. */
async function untilSettled(key: ReturnType<typeof keyOf>, before = () => {}): Promise<void> {
  for (let blocks = 0; blocks < 100; blocks++) {
    before();
    await advance();
    if (["verified", "failed", "abstained"].includes(journal.weights.get(key)!.status)) return;
    link.chain.pass(1);
  }
  throw new Error("it never settled");
}

function restart(): void {
  journal.close();
  journal = open();
}

function open(): Journal {
  return openJournal({ path, genesis: "0x00", hotkey: signer.address });
}

function setter(chain: WeightSetterDeps["chain"]): WeightSetter {
  return new WeightSetter({
    chain,
    signer,
    weights: journal.weights,
    clock: systemClock,
    logger: silentLogger,
    maySign: async () => true,
    onEvent: (event) => void events.push(event),
  });
}

function asChain(): WeightSetterDeps["chain"] {
  return link;
}

const DEAD = Symbol("dead");

/** The chain as a process sees it that dies at its n-th question: that one still reaches the chain, or not. */
function mortal(diesAt: number, reaches: boolean): WeightSetterDeps["chain"] {
  let calls = 0;
  return new Proxy(asChain(), {
    get: (target, name) => {
      const value = Reflect.get(target, name, target) as unknown;
      if (typeof value !== "function") return value;
      return async (...args: unknown[]) => {
        if (name === "inTurn") return (args[1] as () => Promise<unknown>)();
        const dies = calls++ >= diesAt;
        if (!dies) return (value as (...all: unknown[]) => Promise<unknown>).apply(target, args);
        if (reaches && calls === diesAt + 1) {
          await (value as (...all: unknown[]) => Promise<unknown>).apply(target, args);
        }
        throw DEAD;
      };
    },
  });
}

async function outlive(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (error !== DEAD) throw error;
  });
}
