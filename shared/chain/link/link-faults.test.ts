import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { Keypair, keysReady } from "../../keys/keypair.ts";
import { ManualClock } from "../../manual-clock.test-kit.ts";
import { LinkBench, outcomeOf } from "../chain-link.test-kit.ts";

/* Rows C1 to C5 and C13 of the fault matrix: what a connection can suffer. */

const bench = new LinkBench();
const SOON = { timeout: 10_000, interval: 20 };

beforeAll(keysReady);
afterEach(() => bench.close());

describe("C1: a socket that is cut, reset or half-open", () => {
  it("is replaced, and blocks go on once each", async () => {
    const node = await bench.node();
    const clock = new ManualClock();
    const { chain } = await bench.link(node, {}, { clock });
    const stop = new AbortController();
    const seen: number[] = [];
    const following = (async () => {
      for await (const { number } of chain.heads(stop.signal)) seen.push(number);
    })();
    node.newBlock(2);
    await expect.poll(() => seen.at(-1), SOON).toBe(2);
    for (const wanted of [4, 6, 8]) {
      node.faults.set({ kind: "drop" });
      node.newBlock(2);
      await expect.poll(() => chain.status().endpoints[0]!.state, SOON).toBe("down");
      await clock.advance(5_000);
      await expect.poll(() => seen.at(-1), SOON).toBe(wanted);
    }
    stop.abort();
    await following;
    expect(seen.slice(seen.indexOf(2))).toEqual([2, 3, 4, 5, 6, 7, 8]);
  });

  it("that stands and says nothing is given up after two looks, and another endpoint takes over at once", async () => {
    const [first, second] = [await bench.node(), await bench.node()];
    const clock = new ManualClock();
    const { chain, log } = await bench.link([first, second], { timeoutMs: 500 }, { clock });
    first.faults.set({ kind: "half-open" });
    expect(await outcomeOf(chain.head())).toBe("ok");
    await clock.advance(16_000);
    expect(chain.status().endpoints[0]).toMatchObject({ writable: false });
    expect(chain.status().endpoints[0]!.score).toBeLessThan(10);
    expect(log.of("chain.disconnected")[0]).toMatchObject({ endpoint: first.endpoint });
    first.faults.clear();
    const stateAfterAWhile = async () => {
      await clock.advance(5_000);
      return chain.status().endpoints[0]!.state;
    };
    await expect.poll(stateAfterAWhile, SOON).toBe("ready");
  });

  it("with a chain that stands still is suspected, and told", async () => {
    const node = await bench.node();
    const clock = new ManualClock();
    const { chain, log } = await bench.link(node, {}, { clock });
    await clock.advance(60_000);
    expect(log.of("chain.stalled")).toHaveLength(1);
    expect(await outcomeOf(chain.head())).toBe("ok");
    node.newBlock();
    await expect.poll(() => chain.status().best, SOON).toBe(1);
  });
});

describe("C2: an endpoint that wants to be asked less", () => {
  it("is asked by one socket, after pauses that grow, and not before it says", async () => {
    const node = await bench.node();
    const clock = new ManualClock();
    const { chain, log } = await bench.link(node, {}, { clock });
    node.faults.set({ kind: "429", retryAfterS: 45 });
    node.faults.set({ kind: "drop" });
    await expect.poll(() => outcomeOf(chain.head()), SOON).toBe("CHAIN_UNREACHABLE");
    await clock.advance(1_000);
    const [fault] = node.faults.list();
    expect(fault!.strikes).toBe(1);
    await clock.advance(43_000);
    expect(node.faults.list()[0]!.strikes, "45 s were asked for").toBe(1);
    node.faults.clear();
    await clock.advance(5_000);
    await expect.poll(() => outcomeOf(chain.head()), SOON).toBe("ok");
    expect(log.of("chain.connected")).toHaveLength(2);
  });

  it("and says so by an error hands the question to another one", async () => {
    const [first, second] = [await bench.node(), await bench.node()];
    const { chain } = await bench.link([first, second]);
    first.faults.set({ kind: "429" });
    expect(await outcomeOf(chain.head())).toBe("ok");
    expect(chain.status().endpoints[0]!.score).toBeLessThan(10);
  });

  it("of strangers gets no more than its budget", async () => {
    const node = await bench.node();
    const clock = new ManualClock();
    const { chain } = await bench.link(node, { requestsPerSecond: 0.05 }, { clock });
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => outcomeOf(chain.head())));
    expect(outcomes.filter((outcome) => outcome !== "ok").length).toBeGreaterThan(0);
    await clock.advance(300_000);
    expect(await outcomeOf(chain.head())).toBe("ok");
  });
});

describe("C3: an endpoint out of step", () => {
  it("of another chain is never used, and named", async () => {
    const [right, wrong] = [
      await bench.node(),
      await bench.node({
        genesis: {
          balances: [{ address: "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY", rao: 7n * 10n ** 15n }],
        },
      }),
    ];
    wrong.newBlock(50);
    const { chain, log } = await bench.link([right, wrong]);
    expect(chain.identity.genesis).toBe(right.genesisHash);
    expect(chain.status().endpoints[1]).toMatchObject({ state: "foreign", writable: false });
    expect(log.of("chain.wrong-genesis")).toEqual([
      { endpoint: wrong.endpoint, expected: right.genesisHash, actual: wrong.genesisHash },
    ]);
    expect((await chain.head()).number).toBe(0);
  });

  it("alone and of another chain is an error that names both", async () => {
    const node = await bench.node();
    const opened = bench.link(node, { genesis: `0x${"11".repeat(32)}` });
    await expect(opened).rejects.toMatchObject({ code: "CHAIN_WRONG_GENESIS" });
  });

  it("that is syncing gets no transaction, and is asked only when nobody else is there", async () => {
    const [first, second] = [await bench.node(), await bench.node()];
    first.faults.set({ kind: "syncing", behind: 1_000 });
    const { chain } = await bench.link([first, second]);
    expect(chain.status().endpoints).toMatchObject([
      { state: "syncing", writable: false },
      { state: "ready", writable: true },
    ]);
    second.newBlock();
    expect((await chain.head()).number).toBe(1);
    await second.close();
    await expect.poll(() => outcomeOf(chain.head()), SOON).toBe("ok");
    expect((await chain.head()).number).toBe(0);
    expect(await outcomeOf(chain.sign(REMARK, Keypair.fromUri("//Alice")))).toBe("CHAIN_UNREACHABLE");
  });

  it("that lags loses reads and writes to one that does not", async () => {
    const [first, second] = [await bench.node(), await bench.node()];
    const { chain, log } = await bench.link([first, second]);
    second.newBlock(10);
    await expect.poll(() => chain.status().endpoints[0]!.writable, SOON).toBe(false);
    expect((await chain.head()).number).toBe(10);
    expect(log.of("chain.switched")).toEqual([{ from: first.endpoint, to: second.endpoint }]);
    first.newBlock(10);
    await expect.poll(() => chain.status().endpoints[0]!.writable, SOON).toBe(true);
  });
});

describe("C4: an answer that never comes, or too late", () => {
  it("ends at the deadline, and what comes later is nobody's", async () => {
    const node = await bench.node();
    const { chain } = await bench.link(node, { timeoutMs: 300 });
    node.newBlock(3);
    node.faults.set({ kind: "delay", ms: 500, methods: ["chain_getHeader"], count: 2 });
    expect(await outcomeOf(chain.head())).toBe("CHAIN_TIMEOUT");
    node.newBlock();
    const numbers: number[] = [];
    for (let i = 0; i < 20; i++) numbers.push((await chain.head()).number);
    expect(new Set(numbers)).toEqual(new Set([4]));
    await new Promise((resolve) => setTimeout(resolve, 400)); // the late answer comes now
    expect((await chain.head()).number).toBe(4);
  });

  it("costs a third of the deadline where nobody else is there to ask, and the question is put again", async () => {
    const node = await bench.node();
    const { chain } = await bench.link(node, { timeoutMs: 3_000 });
    node.faults.set({ kind: "half-open", methods: ["chain_getHeader"], count: 1 });
    expect(await outcomeOf(chain.head())).toBe("ok");
    expect(chain.status().endpoints[0]!.score).toBeLessThan(10);
  });

  it("costs half of the deadline while there is somebody else to ask", async () => {
    const [first, second] = [await bench.node(), await bench.node()];
    const { chain } = await bench.link([first, second], { timeoutMs: 600 });
    first.faults.set({ kind: "half-open", methods: ["chain_getHeader"] });
    expect(await outcomeOf(chain.head())).toBe("ok");
  });
});

describe("C5: a frame that is too large, or no JSON-RPC", () => {
  it.each([
    ["17 MB", { kind: "oversized" }],
    ["half of an answer", { kind: "malformed", form: "json" }],
    ["no frame at all", { kind: "malformed", form: "frame" }],
  ] as const)("%s ends the connection, and costs its endpoint most of its score", async (_, fault) => {
    const [first, second] = [await bench.node(), await bench.node()];
    const { chain } = await bench.link([first, second]);
    const before = process.memoryUsage().rss;
    first.faults.set({ ...fault, count: 1, methods: ["chain_getHeader"] });
    expect(await outcomeOf(chain.head())).toBe("ok");
    const [punished] = chain.status().endpoints;
    expect(punished!.score).toBeLessThanOrEqual(2);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20);
  });
});

describe("C13: all endpoints are down for two hours", () => {
  it("is an error at once for who asks, costs no memory, and ends by itself", async () => {
    const nodes = [await bench.node(), await bench.node()];
    const clock = new ManualClock();
    const { chain, log } = await bench.link(nodes, {}, { clock });
    const stop = new AbortController();
    const seen: number[] = [];
    const following = (async () => {
      for await (const { number } of chain.heads(stop.signal)) seen.push(number);
    })();
    for (const node of nodes) node.faults.set({ kind: "down" });
    for (const node of nodes) node.newBlock(600);
    await expect.poll(() => outcomeOf(chain.head()), SOON).toBe("CHAIN_UNREACHABLE");
    await clock.advance(600_000);
    const [lines, memory] = [log.lines.length, usedMemory()];
    for (let minute = 10; minute < 120; minute++) {
      await clock.advance(60_000);
      expect(await outcomeOf(chain.head())).toBe("CHAIN_UNREACHABLE");
    }
    expect(log.lines.length - lines, "silent while nothing changes").toBeLessThan(10);
    expect(usedMemory() - memory).toBeLessThan(30 * 2 ** 20);
    for (const node of nodes) node.faults.clear();
    await clock.advance(60_000);
    await expect.poll(() => outcomeOf(chain.head()), SOON).toBe("ok");
    await expect.poll(() => seen.at(-1), SOON).toBe(600);
    expect(log.of("chain.blocks-skipped"), "which blocks nobody looked at").toEqual([{ from: 1, to: 599 }]);
    stop.abort();
    await following;
  });
});

const REMARK = { kind: "startCall", netuid: 1 } as const;

function usedMemory(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed;
}
