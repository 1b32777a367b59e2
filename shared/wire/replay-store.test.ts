import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { keysReady } from "../keys/keypair.ts";
import { packageRoot } from "../process-entry.ts";
import { btauth, checkHeaders, DEFAULT_WINDOW, verifyBody, type WireHeaders } from "./btauth.ts";
import type { RefusalCode } from "./refusals.ts";
import { ReplayStore } from "./replay-store.ts";

const BOB = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";
const file = join(packageRoot(), "../shared/vectors/btauth/replay.json");
const absent = existsSync(file) ? "" : " (skipped: the vectors are not part of a public clone)";

type Step = {
  at_ns: string;
  request: string;
  process?: string;
  protocol?: string;
  expected: { accepted: boolean; code?: string };
};

type Sequence = {
  label: string;
  steps: Step[];
  store?: string;
  processes?: string[];
  self_hotkeys?: Record<string, string>;
  require_receiver?: boolean;
  retention_ms?: number;
  store_started_ns?: string;
  expected_at_start?: string;
};

beforeAll(keysReady);

describe.skipIf(absent)(`a sequence of requests against the store${absent}`, () => {
  const { requests, sequences } = absent
    ? { requests: {}, sequences: [] }
    : JSON.parse(readFileSync(file, "utf8"));

  test.each(sequences as Sequence[])("$label", async (sequence) => {
    let now = 0n;
    const createStore = () =>
      new ReplayStore({
        windows: { "btauth/1": DEFAULT_WINDOW },
        claimDelayNs: 0n,
        memoryNs: BigInt(sequence.retention_ms ?? 60_000) * 1_000_000n,
        startedNs: BigInt(sequence.store_started_ns ?? 0),
        monotonicNs: () => now,
        ...(sequence.store === "down" && { maxEntries: 0 }), // a full store cannot tell either
      });
    if (sequence.expected_at_start) {
      expect(createStore).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
      return;
    }
    const shared = createStore();
    const own = new Map((sequence.processes ?? []).map((name) => [name, createStore()]));
    // The v10 verifier is not part of this wire: its requests are left out, btauth's must not notice.
    for (const step of sequence.steps.filter(({ protocol }) => protocol !== "v10")) {
      now = BigInt(step.at_ns);
      const store = sequence.store === "per process" ? own.get(step.process!)! : shared;
      const self = sequence.self_hotkeys?.[step.process ?? ""] ?? BOB;
      const rules = { self, window: DEFAULT_WINDOW, requireReceiver: sequence.require_receiver ?? true };
      const code = await judge(requests[step.request], rules, now, store);
      expect(code, `${step.request} at ${step.at_ns}`).toBe(
        step.expected.accepted ? undefined : step.expected.code,
      );
    }
  });
});

describe("the replay store", () => {
  const options = {
    windows: { "btauth/1": DEFAULT_WINDOW },
    claimDelayNs: 5_000_000_000n,
    startedNs: 0n,
  };
  const fresh = 10_000_000_000n;

  test("forgets after its memory and not before", async () => {
    let now = 0n;
    const store = new ReplayStore({ ...options, monotonicNs: () => now });
    expect(await store.claim("btauth1:bob:alice:1", fresh, "btauth/1")).toBe("new");
    now = 17_000_000_000n; // 10 s age, 2 s skew, 5 s body: the last instant at which it may come again
    expect(await store.claim("btauth1:bob:alice:1", fresh, "btauth/1")).toBe("seen");
    now = 18_000_000_001n;
    await store.claim("btauth1:bob:alice:2", fresh, "btauth/1");
    expect(store.size).toBe(1);
  });

  test("is full rather than forgetful", async () => {
    const store = new ReplayStore({ ...options, maxEntries: 2 });
    const claims = [fresh, fresh + 1n, fresh + 2n, fresh];
    expect(
      await Promise.all(claims.map((nonce) => store.claim(`btauth1:bob:alice:${nonce}`, nonce, "btauth/1"))),
    ).toEqual(["new", "new", "unavailable", "seen"]);
  });

  test("takes one of many equal claims made at once", async () => {
    const store = new ReplayStore(options);
    const claims = await Promise.all(
      Array.from({ length: 50 }, () => store.claim("btauth1:bob:alice:1", fresh, "btauth/1")),
    );
    expect(claims.filter((claim) => claim === "new")).toHaveLength(1);
  });
});

async function judge(
  request: { method: string; target: string; headers: [string, string][]; body_text: string },
  rules: Parameters<typeof checkHeaders>[1],
  now: bigint,
  store: ReplayStore,
): Promise<RefusalCode | undefined> {
  const headers: WireHeaders = Object.fromEntries(
    request.headers.map(([name, value]) => [name.toLowerCase(), value]),
  );
  const claimed = checkHeaders(headers, rules, now);
  if (!claimed.ok) return claimed.code;
  const result = verifyBody(claimed, { ...request, body: Buffer.from(request.body_text) });
  if (!result.ok) return result.code;
  const claim = await store.claim(btauth.replayKey(result, rules.self), result.nonce, result.protocol);
  return claim === "new" ? undefined : CLAIM_CODES[claim];
}

const CLAIM_CODES = {
  seen: "BTAUTH_REPLAYED",
  "warming-up": "BTAUTH_WARMING_UP",
  unavailable: "BTAUTH_STORE_UNAVAILABLE",
} as const;
