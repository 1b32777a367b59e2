import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Participant } from "../shared/template.ts";
import { chooseSample, type Sampling } from "./sampling.ts";

const START = 10_000;
const TEMPO = 100;
const EPOCH = 50;

describe("a sample", () => {
  it("has as many miners as was said, a share is rounded up, and at least one is asked", () => {
    const count = (size: number) => askedOf({ policy: "random", size }, people(20)).length;
    expect([5, 0.25, 0.01, 1, 100].map(count)).toEqual([5, 5, 1, 1, 20]);
    expect(chooseSample({ policy: "all" }, context(people(20)), new Map())).toBeUndefined();
  });

  it("is the same for the same secret, and does not depend on uids or their order", () => {
    fc.assert(
      fc.property(
        fc.constantFrom<"random" | "stale-first">("random", "stale-first"),
        fc.integer({ min: 1, max: 30 }),
        fc.integer(),
        (policy, size, seed) => {
          const before = people(30);
          const moved = shuffled(before, seed).map((person, uid) => ({ ...person, uid }));
          const last = new Map(before.slice(0, 20).map(({ hotkey }, i) => [hotkey, 40 + (i % 7)]));
          expect(askedOf({ policy, size }, moved, last)).toEqual(askedOf({ policy, size }, before, last));
        },
      ),
    );
  });

  it("of who is stalest asks everybody within as many epochs as that takes", () => {
    const last = new Map<string, number>();
    for (let epoch = EPOCH; epoch < EPOCH + 4; epoch++) {
      const asked = askedOf({ policy: "stale-first", size: 5 }, people(20), last, { epoch });
      for (const hotkey of asked) last.set(hotkey, epoch);
    }
    expect(last.size).toBe(20);
  });

  it("asks newcomers early, also at random, and whoever registered again is one", () => {
    const known = people(40);
    const last = new Map(known.map(({ hotkey }) => [hotkey, EPOCH - 1]));
    const newcomers = [0, 1].map((i) => person(40 + i, { registeredAt: START - 10 }));
    const again = { ...known[7]!, registeredAt: START - 10 };
    const everybody = [...known.filter((one) => one !== known[7]), again, ...newcomers];
    for (const policy of ["random", "stale-first"] as const) {
      const asked = askedOf({ policy, size: 6 }, everybody, last);
      expect(asked).toEqual(expect.arrayContaining([...newcomers, again].map(({ hotkey }) => hotkey)));
      expect(asked).toHaveLength(6);
    }
  });

  it("at random leaves half of itself to those who are known, however many newcomers there are", () => {
    const everybody = people(40);
    const last = new Map(everybody.slice(0, 4).map(({ hotkey }) => [hotkey, EPOCH - 1]));
    let known = 0;
    for (let secret = 0; secret < 40; secret++) {
      const asked = askedOf({ policy: "random", size: 10 }, everybody, last, { secret });
      known += asked.filter((hotkey) => last.has(hotkey)).length;
    }
    expect(known).toBeGreaterThan(0);
  });
});

function person(uid: number, part: Partial<Participant> = {}): Participant {
  return {
    ...{ uid, hotkey: `miner-${uid}`, coldkey: "cold", stakeRao: 0n, validatorPermit: false },
    ...{ registeredAt: 0, ip: "1.2.3.4", ...part },
  };
}

function people(count: number): Participant[] {
  return Array.from({ length: count }, (_, uid) => person(uid));
}

function context(participants: Participant[], { epoch = EPOCH, secret = 1 } = {}) {
  const bytes = new Uint8Array(32).fill(secret);
  const self = person(999, { hotkey: "validator", validatorPermit: true, ip: undefined });
  return {
    ...{ netuid: 2, mechanism: 0, epoch, startBlock: START + (epoch - EPOCH) * TEMPO, tempo: TEMPO },
    ...{ validator: "validator", participants: [self, ...participants], beacon: bytes, secret: bytes },
  };
}

function askedOf(
  sampling: Sampling,
  participants: Participant[],
  lastAsked = new Map<string, number>(),
  at: { epoch?: number; secret?: number } = {},
): string[] {
  const { notSampled } = chooseSample(sampling, context(participants, at), lastAsked)!;
  const left = new Set(notSampled);
  return participants
    .map(({ hotkey }) => hotkey)
    .filter((hotkey) => !left.has(hotkey))
    .sort();
}

function shuffled<T>(list: readonly T[], seed: number): T[] {
  return list
    .map((item, i) => ({ item, key: Math.imul(i + 1, seed | 1) >>> 0 }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
