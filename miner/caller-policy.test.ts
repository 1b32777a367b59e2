import { describe, expect, test } from "vitest";
import { DEFAULT_CALLER_POLICY, refuseCaller, refuseStranger } from "./caller-policy.ts";

const NOW = 10_000_000;
const view = {
  seenAtMs: NOW,
  hotkeys: new Map([
    ["validator", { stakeRao: 1_000n, validatorPermit: true }],
    ["miner", { stakeRao: 1_000n, validatorPermit: false }],
  ]),
};
const policy = { ...DEFAULT_CALLER_POLICY, minStakeRao: 1_000n };
const judge = (hotkey: string, changes: Partial<typeof policy> = {}, at = NOW) =>
  refuseCaller(hotkey, { ...policy, ...changes }, view, at);

describe("the caller policy", () => {
  test.each([
    ["a validator with enough stake", judge("validator"), undefined],
    ["a validator below the floor", judge("validator", { minStakeRao: 1_001n }), "BTAUTH_NOT_WELCOME"],
    ["a registered hotkey without a permit", judge("miner"), "BTAUTH_NOT_WELCOME"],
    ["the same where no permit is asked for", judge("miner", { requirePermit: false }), undefined],
    ["a stranger", judge("stranger"), "BTAUTH_NOT_WELCOME"],
    ["a stranger on the list", judge("stranger", { allow: new Set(["stranger"]) }), undefined],
    [
      "a validator on the other list",
      judge("validator", { deny: new Set(["validator"]) }),
      "BTAUTH_NOT_WELCOME",
    ],
    [
      "somebody on both lists",
      judge("validator", { allow: new Set(["validator"]), deny: new Set(["validator"]) }),
      "BTAUTH_NOT_WELCOME",
    ],
    [
      "anybody whom an old view vouches for",
      judge("validator", {}, NOW + 20 * 60_000 + 1),
      "AXON_CHAIN_STALE",
    ],
    ["the last moment of a view", judge("validator", {}, NOW + 20 * 60_000), undefined],
    [
      "the list while the view is old",
      judge("stranger", { allow: new Set(["stranger"]) }, NOW + 20 * 60_000 + 1),
      undefined,
    ],
  ])("judges %s", (_who, verdict, expected) => {
    expect(verdict).toBe(expected);
  });

  test("never refuses a claimed hotkey that it would welcome when proven", () => {
    for (const hotkey of ["validator", "miner", "stranger"]) {
      if (judge(hotkey) === undefined) expect(refuseStranger(hotkey, policy, view, NOW)).toBeUndefined();
    }
  });
});
