import fc from "fast-check";
import { beforeAll, describe, expect, expectTypeOf, test } from "vitest";
import { keysReady } from "../shared/keys/keypair.ts";
import { btauth, DEFAULT_WINDOW, signRequest, verifyBody } from "../shared/wire/btauth.ts";
import { ReplayStore } from "../shared/wire/replay-store.ts";
import { admitHeaders, admitVerified, type HeaderFacts, type VerifiedFacts } from "./admission.ts";
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
    method: "POST",
    target: request.target,
    headers: { ...signed, "content-length": "2", ...change },
    state: "serving",
    maxBodyBytes: 10,
    protocols: new Map([[btauth.id, btauth]]),
    accepts: ["btauth/1"],
    policy: DEFAULT_CALLER_POLICY,
    view: {
      seenAtMs: NOW_MS,
      hotkeys: new Map([[alice().address, { stakeRao: 0n, validatorPermit: true }]]),
    },
    rules: { self: bob().address, window: DEFAULT_WINDOW, requireReceiver: true },
    nowMs: NOW_MS,
    nowNs: NOW_NS,
    freeAnswers: 1,
    freeSignatures: 1,
    addressMayFail: true,
    hasRoomForBody: () => true,
    ...facts,
  };
}

function verified() {
  const admission = admitHeaders(headerFacts());
  if (!admission.ok) throw new Error(admission.code);
  const verdict = verifyBody(admission.claimed, request);
  if (!verdict.ok) throw new Error(verdict.code);
  return verdict;
}

function verifiedFacts(changes: Partial<VerifiedFacts> = {}): VerifiedFacts {
  const { policy, view, nowMs } = headerFacts();
  return {
    ...{ verified: verified(), policy, view, nowMs },
    renewedView: async () => view,
    claimNonce: async () => "new",
    spend: () => true,
    enter: () => undefined,
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
    ["BTAUTH_BUSY", { hasRoomForBody: () => false }],
  ];
  test.each(faults.map(([code], index) => [code, index] as const))(
    "T10: %s comes at its place",
    (code, index) => {
      const facts: Parameters<typeof headerFacts>[0] = { change: {} };
      for (const [, fault] of faults.slice(index).reverse()) {
        const change = Object.assign(facts.change!, fault?.change);
        Object.assign(facts, fault, { change });
      }
      expect(admitHeaders(headerFacts(facts))).toMatchObject({ ok: false, code });
    },
  );

  test.each([
    ["chunks", { "transfer-encoding": "chunked" }],
    ["a length that is no number", { "content-length": "0x2" }],
    ["a length with a sign", { "content-length": "+2" }],
  ])("refuses a body with %s", (_what, change) => {
    expect(admitHeaders(headerFacts({ change }))).toMatchObject({ code: "BTAUTH_LENGTH_REQUIRED" });
  });

  test("T10: refuses an address that has used up its wrong signatures, a name that nobody registered, and what finds too many signatures waiting", () => {
    expect(admitHeaders(headerFacts({ addressMayFail: false }))).toMatchObject({ code: "BTAUTH_BUSY" });
    expect(admitHeaders(headerFacts({ freeSignatures: 0 }))).toMatchObject({ code: "AXON_OVERLOADED" });
    const change = { "x-bittensor-hotkey": dave().address };
    expect(admitHeaders(headerFacts({ change }))).toMatchObject({ code: "BTAUTH_NOT_WELCOME" });
  });
});

describe("when a request has proved itself", () => {
  test("an honest one takes a place", async () => {
    expect(await admitVerified(verifiedFacts())).toBeUndefined();
  });

  test.each([
    ["BTAUTH_REPLAYED", { claimNonce: async () => "seen" as const }],
    ["BTAUTH_WARMING_UP", { claimNonce: async () => "warming-up" as const }],
    ["BTAUTH_STORE_UNAVAILABLE", { claimNonce: async () => Promise.reject(new Error("down")) }],
    ["BTAUTH_NOT_WELCOME", { policy: { ...DEFAULT_CALLER_POLICY, minStakeRao: 1n } }],
    ["BTAUTH_BUSY", { spend: () => false }],
    ["AXON_OVERLOADED", { enter: () => "AXON_OVERLOADED" as const }],
  ] satisfies [string, Partial<VerifiedFacts>][])("%s is refused", async (code, facts) => {
    expect(await admitVerified(verifiedFacts(facts))).toBe(code);
  });

  test("one that is refused spends nothing that comes after its refusal", async () => {
    const done: string[] = [];
    const noted = <Value>(name: string, value: Value) => {
      done.push(name);
      return value;
    };
    const facts = (changes: Partial<VerifiedFacts>) =>
      verifiedFacts({
        spend: () => noted("spend", true),
        enter: () => noted("enter", undefined),
        ...changes,
      });
    await admitVerified(facts({ claimNonce: async () => "seen" }));
    await admitVerified(facts({ policy: { ...DEFAULT_CALLER_POLICY, minStakeRao: 1n } }));
    expect(done).toEqual([]);
    await admitVerified(facts({ spend: () => noted("spend", false) }));
    expect(done).toEqual(["spend"]);
  });

  test("a permit that is newer than the view lets its holder in, and a caller the view knows asks for no newer one", async () => {
    const welcome = verifiedFacts().view;
    const entry = { stakeRao: 0n, validatorPermit: false };
    const old = { ...welcome, hotkeys: new Map([[alice().address, entry]]) };
    let renewals = 0;
    const renewedView = async () => {
      renewals += 1;
      return welcome;
    };
    expect(await admitVerified(verifiedFacts({ view: old, renewedView }))).toBeUndefined();
    expect(await admitVerified(verifiedFacts({ renewedView }))).toBeUndefined();
    expect(renewals).toBe(1);
    const denied = { ...DEFAULT_CALLER_POLICY, deny: new Set([alice().address]) };
    expect(await admitVerified(verifiedFacts({ policy: denied, renewedView }))).toBe("BTAUTH_NOT_WELCOME");
  });
});

describe("what a caller may choose", () => {
  test("T2: no header that is not signed changes a verdict", () => {
    const unsigned = [
      "timeout",
      "x-forwarded-for",
      "x-bittensor-drand-round",
      "bt_header_axon_timeout",
      "host",
    ];
    const name = fc.oneof(fc.constantFrom(...unsigned), fc.stringMatching(/^[a-z][a-z0-9_-]{0,20}$/));
    const decides =
      /^(x-bittensor-(version|hotkey|receiver|nonce|crypto|signature)|bt_header_dendrite_.*|epistula-.*|content-length|content-encoding|transfer-encoding)$/;
    const facts = headerFacts();
    const stale = headerFacts({ nowNs: NOW_NS + 11_000_000_000n });
    fc.assert(
      fc.property(fc.dictionary(name, fc.string({ maxLength: 40 })), (more) => {
        for (const header of Object.keys(more)) if (decides.test(header)) delete more[header];
        for (const { headers, ...rest } of [facts, stale]) {
          expect(admitHeaders({ ...rest, headers: { ...more, ...headers } })).toEqual(
            admitHeaders({ ...rest, headers }),
          );
        }
      }),
    );
  });

  test("T6: forged requests leave no trace: neither in the store, nor on anybody's account", async () => {
    const store = new ReplayStore({
      windows: { "btauth/1": DEFAULT_WINDOW },
      claimDelayNs: 0n,
      startedNs: 0n,
    });
    let spent = 0;
    const admission = admitHeaders(headerFacts());
    if (!admission.ok) throw new Error(admission.code);
    for (let i = 0; i < 500; i += 1) {
      const signature = admission.claimed.signature.slice();
      signature[i % 64]! ^= 1;
      const claimed = { ...admission.claimed, nonce: NOW_NS + BigInt(i), signature };
      const verdict = verifyBody(claimed, request);
      expect(verdict).toMatchObject({ code: "BTAUTH_BAD_SIGNATURE" });
      if (!verdict.ok) continue; // what follows takes a proof, and there is none
      await admitVerified(
        verifiedFacts({
          verified: verdict,
          claimNonce: (proof) =>
            store.claim(btauth.replayKey(proof, bob().address), proof.nonce, proof.protocol),
          spend: () => {
            spent += 1;
            return true;
          },
        }),
      );
    }
    expect([store.size, spent]).toEqual([0, 0]);
  });

  test("T6: a hundred thousand forged requests of a hundred thousand nonces leave the store at its size", async () => {
    const store = new ReplayStore({
      ...{ windows: { "btauth/1": DEFAULT_WINDOW }, claimDelayNs: 0n, startedNs: 0n },
    });
    const claim = (proof: VerifiedFacts["verified"]) =>
      store.claim(btauth.replayKey(proof, bob().address), proof.nonce, proof.protocol);
    await admitVerified(verifiedFacts({ claimNonce: claim }));
    expect(store.size).toBe(1);
    const facts = headerFacts();
    let forged = 0;
    // A tenth of a million, and a verifier that says what the real one says of each: that one takes 80 s for a million.
    for (let i = 1n; i <= 100_000n; i += 1n) {
      const headers = { ...facts.headers, "x-bittensor-nonce": String(NOW_NS + i) };
      const admission = admitHeaders({ ...facts, headers });
      if (!admission.ok) continue;
      const verdict = admission.protocol.verify(admission.claimed, request, bob().address, () => false);
      if (verdict.ok) await admitVerified(verifiedFacts({ verified: verdict, claimNonce: claim }));
      else forged += 1;
    }
    expect([forged, store.size]).toEqual([100_000, 1]);
  });

  test("T1: work after the signature takes a proof that only the check of a signature makes", () => {
    const admission = admitHeaders(headerFacts());
    if (!admission.ok) throw new Error(admission.code);
    expectTypeOf(admission.claimed).not.toExtend<VerifiedFacts["verified"]>(); // the type check of the sources fails
    expect(admission.claimed).not.toHaveProperty("requestHash");
  });
});
