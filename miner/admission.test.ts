import { beforeAll, describe, expect, test } from "vitest";
import { keysReady } from "../shared/keys/keypair.ts";
import { btauth, DEFAULT_WINDOW, signRequest } from "../shared/wire/btauth.ts";
import { ReplayStore } from "../shared/wire/replay-store.ts";
import { admitBody, admitHeaders, type BodyFacts, type HeaderFacts } from "./admission.ts";
import { DEFAULT_CALLER_POLICY } from "./caller-policy.ts";
import { alice, bob, dave } from "./miner.test-kit.ts";

beforeAll(keysReady);

const NOW_MS = 1_800_000_000_000;
const NOW_NS = BigInt(NOW_MS) * 1_000_000n;
const body = Buffer.from("{}");
const request = { method: "POST", target: "/double/ask", body };

function headerFacts(
  changes: Partial<HeaderFacts> & { change?: Record<string, string | undefined> } = {},
): HeaderFacts {
  const signed = signRequest({ ...request, signer: alice(), receiver: bob().address, nonce: NOW_NS });
  const { change, ...facts } = changes;
  return {
    target: request.target,
    headers: { ...signed, "content-length": "2", ...change },
    state: "serving",
    maxBodyBytes: 10,
    policy: DEFAULT_CALLER_POLICY,
    view: {
      seenAtMs: NOW_MS,
      hotkeys: new Map([[alice().address, { stakeRao: 0n, validatorPermit: true }]]),
    },
    rules: { self: bob().address, window: DEFAULT_WINDOW, requireReceiver: true },
    nowMs: NOW_MS,
    nowNs: NOW_NS,
    freeBodies: 1,
    freeAnswers: 1,
    addressMayFail: true,
    ...facts,
  };
}

function bodyFacts(changes: Partial<BodyFacts> = {}): BodyFacts {
  const { policy, view, nowMs, rules } = headerFacts();
  const claimed = admitHeaders(headerFacts());
  if (!claimed.ok) throw new Error(claimed.code);
  return {
    ...{ claimed, request, policy, view, nowMs, self: rules.self },
    renewedView: async () => view,
    claimNonce: async () => "new",
    spend: () => true,
    freeAnswers: () => 1,
    ...changes,
  };
}

describe("before the body is read", () => {
  const tooOld = { nowMs: NOW_MS + 3_600_000 };
  // Each row has the fault of its name and those of all rows below it: the first check must win.
  const faults: [string, Parameters<typeof headerFacts>[0]][] = [
    ["AXON_STOPPING", { state: "stopping" }],
    ["BTAUTH_TARGET_FORM", { target: "http://other.example/double/ask" }],
    ["BTAUTH_CONTENT_ENCODING", { change: { "content-encoding": "gzip" } }],
    ["BTAUTH_LENGTH_REQUIRED", { change: { "content-length": undefined } }],
    ["BTAUTH_BODY_TOO_LARGE", { maxBodyBytes: 1 }],
    ["BTAUTH_MALFORMED", { change: { "x-bittensor-version": "2" } }],
    ["AXON_CHAIN_STALE", tooOld],
    [
      "BTAUTH_WRONG_RECEIVER",
      { rules: { self: dave().address, window: DEFAULT_WINDOW, requireReceiver: true } },
    ],
    ["BTAUTH_STALE", { nowNs: NOW_NS + 11_000_000_000n }],
    ["AXON_OVERLOADED", { freeAnswers: 0 }],
    ["BTAUTH_BUSY", { freeBodies: 0 }],
  ];
  test.each(faults.map(([code], index) => [code, index] as const))("%s comes at its place", (code, index) => {
    const facts: Parameters<typeof headerFacts>[0] = { change: {} };
    for (const [, fault] of faults.slice(index).reverse()) {
      const change = Object.assign(facts.change!, fault?.change);
      Object.assign(facts, fault, { change });
    }
    expect(admitHeaders(headerFacts(facts))).toMatchObject({ ok: false, code });
  });

  test.each([
    ["chunks", { "transfer-encoding": "chunked" }],
    ["a length that is no number", { "content-length": "0x2" }],
    ["a length with a sign", { "content-length": "+2" }],
  ])("refuses a body with %s", (_what, change) => {
    expect(admitHeaders(headerFacts({ change }))).toMatchObject({ code: "BTAUTH_LENGTH_REQUIRED" });
  });

  test("refuses an address that has used up its wrong signatures, and a name that nobody registered", () => {
    expect(admitHeaders(headerFacts({ addressMayFail: false }))).toMatchObject({ code: "BTAUTH_BUSY" });
    const change = { "x-bittensor-hotkey": dave().address };
    expect(admitHeaders(headerFacts({ change }))).toMatchObject({ code: "BTAUTH_NOT_WELCOME" });
  });
});

describe("when the body is in", () => {
  test("an honest request is verified", async () => {
    expect(await admitBody(bodyFacts())).toMatchObject({ ok: true, sender: alice().address });
  });

  test.each([
    ["BTAUTH_REPLAYED", { claimNonce: async () => "seen" as const }],
    ["BTAUTH_WARMING_UP", { claimNonce: async () => "warming-up" as const }],
    ["BTAUTH_STORE_UNAVAILABLE", { claimNonce: async () => Promise.reject(new Error("down")) }],
    ["BTAUTH_NOT_WELCOME", { policy: { ...DEFAULT_CALLER_POLICY, minStakeRao: 1n } }],
    ["BTAUTH_BUSY", { spend: () => false }],
    ["AXON_OVERLOADED", { freeAnswers: () => 0 }],
  ] satisfies [string, Partial<BodyFacts>][])("%s is refused", async (code, facts) => {
    expect(await admitBody(bodyFacts(facts))).toMatchObject({ ok: false, code });
  });

  test("a permit that is newer than the view lets its holder in, and a caller the view knows asks for no newer one", async () => {
    const welcome = bodyFacts().view;
    const entry = { stakeRao: 0n, validatorPermit: false };
    const old = { ...welcome, hotkeys: new Map([[alice().address, entry]]) };
    let renewals = 0;
    const renewedView = async () => {
      renewals += 1;
      return welcome;
    };
    expect(await admitBody(bodyFacts({ view: old, renewedView }))).toMatchObject({ ok: true });
    expect(await admitBody(bodyFacts({ renewedView }))).toMatchObject({ ok: true });
    expect(renewals).toBe(1);
    const denied = { ...DEFAULT_CALLER_POLICY, deny: new Set([alice().address]) };
    expect(await admitBody(bodyFacts({ policy: denied, renewedView }))).toMatchObject({ ok: false });
  });

  test("forged requests leave no trace: neither in the store, nor on anybody's account", async () => {
    const store = new ReplayStore({
      windows: { "btauth/1": DEFAULT_WINDOW },
      claimDelayNs: 0n,
      startedNs: 0n,
    });
    let spent = 0;
    const facts = bodyFacts({
      claimNonce: (verified) =>
        store.claim(btauth.replayKey(verified, bob().address), verified.nonce, verified.protocol),
      spend: () => {
        spent += 1;
        return true;
      },
    });
    for (let i = 0; i < 500; i += 1) {
      const signature = facts.claimed.signature.slice();
      signature[i % 64]! ^= 1;
      const claimed = { ...facts.claimed, nonce: NOW_NS + BigInt(i), signature };
      expect(await admitBody({ ...facts, claimed })).toMatchObject({ code: "BTAUTH_BAD_SIGNATURE" });
    }
    expect([store.size, spent]).toEqual([0, 0]);
  });
});
