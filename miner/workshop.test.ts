import { expect, test } from "vitest";
import { SubforgeError } from "../shared/errors.ts";
import { silentLogger } from "../shared/logger.ts";
import { createDataCommitter } from "./data-committer.ts";
import { bob, ThreeCallChain } from "./miner.test-kit.ts";
import { MinerWorkshop } from "./workshop.ts";

function openWorkshop() {
  const stopping = new AbortController();
  const commit = async () => {};
  const workshop = new MinerWorkshop({ signal: stopping.signal, commit }, silentLogger);
  return { workshop, stopping };
}

/** Work that ends when it is told to. */
function held() {
  let end = (_value: unknown) => {};
  const result = new Promise<unknown>((resolve) => {
    end = resolve;
  });
  return { work: () => result, end };
}

test("work is done one after the other, a few wait, and a key is begun once", async () => {
  const { workshop } = openWorkshop();
  const first = held();
  expect(workshop.start("a", first.work)).toBe("started");
  expect(workshop.start("a", first.work)).toBe("there");
  await Promise.resolve();
  const others = ["b", "c", "d", "e"].map((key) => workshop.start(key, async () => key));
  expect(others).toEqual(["started", "started", "started", "started"]);
  expect(workshop.start("f", async () => "f")).toBe("full");
  expect([workshop.look("a"), workshop.look("b")]).toEqual([{ state: "running" }, { state: "waiting" }]);
  first.end(1);
  await workshop.settled();
  expect(["a", "e", "f"].map((key) => workshop.look(key))).toEqual([
    { state: "done", value: 1 },
    { state: "done", value: "e" },
    undefined,
  ]);
});

test("what failed is kept with its problem, and does not stop what waits", async () => {
  const { workshop } = openWorkshop();
  workshop.start("a", async () => {
    throw new Error("no data");
  });
  workshop.start("b", async () => 2);
  await workshop.settled();
  expect(workshop.look("a")).toEqual({ state: "failed", problem: "Error: no data" });
  expect(workshop.look("b")).toEqual({ state: "done", value: 2 });
});

test("of finished work the oldest goes first, and what waits or runs never", async () => {
  const { workshop } = openWorkshop();
  for (let i = 0; i < 12; i++) {
    workshop.start(`work ${i}`, async () => i);
    await workshop.settled();
  }
  const there = Array.from({ length: 12 }, (_, i) => workshop.look(`work ${i}`) !== undefined);
  expect(there.indexOf(true)).toBe(4);
});

test("a stop ends work that does not hear it, and nothing is begun any more", async () => {
  const { workshop, stopping } = openWorkshop();
  workshop.start("a", () => new Promise(() => {}));
  workshop.start("b", async () => 2);
  await Promise.resolve();
  stopping.abort();
  await workshop.settled();
  expect([workshop.look("a")?.state, workshop.look("b")?.state]).toEqual(["failed", "failed"]);
  expect(workshop.start("c", async () => 3)).toBe("full");
});

test("a commitment is on chain when it resolves, and made once", async () => {
  const chain = new ThreeCallChain();
  const commit = committer(chain);
  await commit(Uint8Array.of(1, 3, 7));
  await commit(Uint8Array.of(1, 3, 7));
  expect(chain.submitted).toEqual([{ kind: "commit", netuid: 2, data: Uint8Array.of(1, 3, 7) }]);
});

test("what the chain refuses is committed to when it has room again", async () => {
  const chain = new ThreeCallChain();
  let refusals = 2;
  const refusing = {
    ...bound(chain),
    sign: (...call: Parameters<ThreeCallChain["sign"]>) => {
      if (refusals-- > 0)
        throw new SubforgeError("CHAIN_UNREACHABLE", { endpoint: "ws://test", reason: "x" });
      return chain.sign(...call);
    },
  };
  await committer(refusing)(Uint8Array.of(5));
  expect(chain.submitted).toHaveLength(1);
});

test("a neuron whose model is committed to has no room for anything else, and too much is refused", async () => {
  const chain = new ThreeCallChain();
  await expect(committer(chain, true)(Uint8Array.of(1))).rejects.toMatchObject({ code: "MINER_COMMITMENT" });
  await expect(committer(chain)(new Uint8Array(513))).rejects.toMatchObject({ code: "MINER_COMMITMENT" });
  expect(chain.submitted).toEqual([]);
});

function bound(chain: ThreeCallChain) {
  return {
    commitment: () => chain.commitment(),
    submit: () => chain.submit(),
    inTurn: <T>(signer: string, work: () => Promise<T>) => chain.inTurn(signer, work),
  };
}

function committer(chain: Parameters<typeof createDataCommitter>[2]["chain"], isTaken = false) {
  const clock = { nowMs: () => 0, sleep: async () => {} };
  const { signal } = new AbortController();
  return createDataCommitter(2, isTaken, { chain, signer: bob(), clock, logger: silentLogger, signal });
}
