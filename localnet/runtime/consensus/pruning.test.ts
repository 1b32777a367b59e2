import { describe, expect, it } from "vitest";
import { immortalUids, type PruningCandidate, uidToPrune } from "./pruning.ts";

function candidate(uid: number, change: Partial<PruningCandidate> = {}): PruningCandidate {
  return { uid, emission: 10n, registeredAt: uid, immune: false, immortal: false, ...change };
}

describe("uidToPrune", () => {
  it("takes the one that earned least", () => {
    expect(uidToPrune([candidate(0), candidate(1, { emission: 3n }), candidate(2)], 1)).toBe(1);
  });

  it("takes the oldest, then the lowest uid, of equal earners", () => {
    expect(uidToPrune([candidate(0, { registeredAt: 9 }), candidate(1), candidate(2)], 1)).toBe(1);
    const twins = [candidate(5, { registeredAt: 1 }), candidate(4, { registeredAt: 1 })];
    expect(uidToPrune(twins, 0)).toBe(4);
  });

  it("spares the immune while more than the minimum of others is left", () => {
    const uids = [candidate(0, { immune: true, emission: 0n }), candidate(1), candidate(2)];
    expect(uidToPrune(uids, 1)).toBe(1);
    expect(uidToPrune(uids, 2)).toBe(0);
  });

  it("finds nobody when all others are past immunity but few, or all are the owner's", () => {
    expect(uidToPrune([candidate(0), candidate(1)], 10)).toBeUndefined();
    expect(uidToPrune([candidate(0, { immortal: true, immune: true })], 0)).toBeUndefined();
  });
});

describe("immortalUids", () => {
  const owned = [
    { uid: 7, registeredAt: 5 },
    { uid: 3, registeredAt: 5 },
    { uid: 9, registeredAt: 2 },
  ];

  it.each([
    ["the oldest, then the lowest uid", undefined, 2, [9, 3]],
    ["the owner hotkey among them once", 9, 2, [9, 3]],
    ["the owner hotkey in front of them", 7, 2, [7, 9]],
    ["only the owner hotkey when the limit is one", 7, 1, [7]],
  ])("holds %s", (_, ownerUid, limit, expected) => {
    expect(immortalUids(owned, ownerUid, limit)).toEqual(expected);
  });
});
