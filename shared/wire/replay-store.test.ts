import { beforeAll, describe, expect, test } from "vitest";
import { keysReady } from "../keys/keypair.ts";
import { DEFAULT_WINDOW } from "./btauth.ts";
import { ReplayStore } from "./replay-store.ts";
import { absent, memoryFor, playSequence, sequences } from "./replay-vectors.test-kit.ts";

beforeAll(keysReady);

describe.skipIf(absent)(`a sequence of requests against the store in memory${absent}`, () => {
  test.each(sequences)("$label", async (sequence) => {
    let now = 0n;
    const createStore = () =>
      new ReplayStore({
        ...memoryFor(sequence),
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
    const isShared = sequence.store !== "per process";
    await playSequence(
      sequence,
      (name) => (isShared ? shared : own.get(name ?? "")!),
      (at) => {
        now = at;
      },
    );
  });
});

describe("the replay store in memory", () => {
  const options = {
    windows: { "btauth/1": DEFAULT_WINDOW },
    claimDelayNs: 5_000_000_000n,
    startedNs: 0n,
  };
  const fresh = 10_000_000_000n;
  const key = (nonce: bigint) => `btauth1:bob:alice:${nonce}`;

  test("forgets after its memory and not before", async () => {
    let now = 0n;
    const store = new ReplayStore({ ...options, monotonicNs: () => now });
    expect(await store.claim(key(1n), fresh, "btauth/1")).toBe("new");
    now = 17_000_000_000n; // 10 s age, 2 s skew, 5 s body: the last instant at which it may come again
    expect(await store.claim(key(1n), fresh, "btauth/1")).toBe("seen");
    now = 18_000_000_001n;
    await store.claim(key(2n), fresh, "btauth/1");
    expect(store.size).toBe(1);
  });

  test("remembers each convention as long as its own requests stay fresh", async () => {
    let now = 0n;
    const v10 = { maxAgeNs: 64_000_000_000n, skewNs: 4_000_000_000n };
    const windows = { "btauth/1": DEFAULT_WINDOW, v10 };
    const store = new ReplayStore({ ...options, windows, monotonicNs: () => now });
    expect(store.floorNs).toBe(4_000_000_000n);
    await store.claim("btauth1:bob:alice:1", fresh, "btauth/1");
    await store.claim("v10:bob:alice:u:1", fresh, "v10");
    now = 73_000_000_000n;
    expect(await store.claim("v10:bob:alice:u:1", fresh, "v10")).toBe("seen");
    expect(store.size).toBe(1);
  });

  test("takes no claim of a convention that is not served: it would not know how long to remember", async () => {
    expect(await new ReplayStore(options).claim("v10:bob:alice:u:1", fresh, "v10")).toBe("unavailable");
  });

  test("is full rather than forgetful", async () => {
    const store = new ReplayStore({ ...options, maxEntries: 2 });
    const claims = [fresh, fresh + 1n, fresh + 2n, fresh];
    expect(await Promise.all(claims.map((nonce) => store.claim(key(nonce), nonce, "btauth/1")))).toEqual([
      "new",
      "new",
      "unavailable",
      "seen",
    ]);
  });

  test("takes one of many equal claims made at once", async () => {
    const store = new ReplayStore(options);
    const claims = await Promise.all(
      Array.from({ length: 50 }, () => store.claim(key(fresh), fresh, "btauth/1")),
    );
    expect(claims.filter((claim) => claim === "new")).toHaveLength(1);
  });
});
