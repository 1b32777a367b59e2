import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { LocalNode } from "../../../localnet/node/local-node.ts";
import { Keypair, keysReady } from "../../keys/keypair.ts";
import type { Call, Chain } from "../chain.ts";
import { LinkBench, outcomeOf } from "../chain-link.test-kit.ts";
import { standingOf } from "../finality.ts";
import { sendCall } from "../send-call.ts";

/* Rows C6, C7, C8 and C12 of the fault matrix: what can happen to a call between us and a block. */

const bench = new LinkBench();
const SOON = { timeout: 10_000, interval: 20 };

let alice: Keypair;
let call: Call;

beforeAll(async () => {
  await keysReady();
  alice = Keypair.fromUri("//Alice");
  call = { kind: "registerNetwork", hotkey: Keypair.fromUri("//Alice//hotkey").address };
});
afterEach(() => bench.close());

async function inPool(node: LocalNode, chain: Chain): Promise<void> {
  await expect.poll(async () => (await pending(node)).length, SOON).toBeGreaterThan(0);
  await chain.head();
}

describe("C6: what a pool says", () => {
  it.each([
    ["1010 with a number of Subtensor", { code: 1010, custom: 6 }, "CHAIN_CALL_REFUSED", /rate limit/],
    [
      "1010 of an era that is over",
      { code: 1010, data: "Transaction has an ancient birth block" },
      "CHAIN_CALL_REFUSED",
      /ancient/,
    ],
    ["1012, banned for a while", { code: 1012 }, "CHAIN_CALL_REFUSED", /banned/],
    ["1014, another one has this nonce", { code: 1014 }, "CHAIN_NONCE_TAKEN", /nonce 0/],
    ["1016, no room", { code: 1016 }, "CHAIN_CALL_REFUSED", /Dropped/],
  ] as const)("%s is told in words, and the nonce is free again", async (_, refusal, code, words) => {
    const node = await bench.node({ mode: { kind: "instant" } });
    const { chain } = await bench.link(node);
    const signed = await chain.sign(call, alice);
    node.faults.set({ kind: "pool", ...refusal, count: 1 });
    const refused = chain.submit(signed);
    await expect(refused).rejects.toMatchObject({ code, message: expect.stringMatching(words) });
    const again = await chain.sign(call, alice);
    expect(again.nonce).toBe(signed.nonce);
    expect(await chain.submit(again)).toMatchObject({ ok: true });
  });

  it("1013, it is there already, is no refusal: the call is followed into its block", async () => {
    const node = await bench.node();
    const { chain } = await bench.link(node);
    const signed = await chain.sign(call, alice);
    const first = chain.submit(signed);
    await inPool(node, chain);
    const second = chain.submit(signed);
    await expect.poll(() => node.newBlock(), SOON).toBeGreaterThan(1);
    expect(await first).toMatchObject({ ok: true });
    expect(await second).toEqual(await first);
  });

  it("a mortal era that is over refuses the same bytes for good, and a new signature is taken", async () => {
    const node = await bench.node();
    const { chain } = await bench.link(node);
    const signed = await chain.sign(call, alice);
    node.newBlock(signed.validUntil! + 1);
    expect(await outcomeOf(chain.submit(signed))).toBe("CHAIN_CALL_REFUSED");
    const again = await chain.sign(call, alice);
    const included = chain.submit(again);
    await inPool(node, chain);
    node.newBlock();
    expect(await included).toMatchObject({ ok: true });
  });
});

describe("C7: the connection is lost after a call was sent", () => {
  it("before its answer: the call is found in its block and not made twice", async () => {
    const node = await bench.node();
    const { chain } = await bench.link(node);
    const signed = await chain.sign(call, alice);
    node.faults.set({ kind: "lose-answer", count: 1 });
    const outcome = chain.submit(signed);
    await expect.poll(async () => (await pending(node)).length, SOON).toBe(1);
    node.newBlock();
    expect(await outcome).toMatchObject({ ok: true, block: 1 });
    expect((await chain.sign(call, alice)).nonce).toBe(1);
  });

  it("while it waits in the pool: it is followed on the next connection", async () => {
    const node = await bench.node();
    const { chain } = await bench.link(node);
    const outcome = chain.submit(await chain.sign(call, alice));
    await inPool(node, chain);
    node.faults.set({ kind: "drop" });
    await expect.poll(() => outcomeOf(chain.head()), SOON).toBe("ok");
    await expect.poll(() => chain.status().endpoints[0]!.state, SOON).toBe("ready");
    node.newBlock();
    expect(await outcome).toMatchObject({ ok: true });
  });

  it("and the endpoint with it: the same bytes go to another one", async () => {
    const [first, second] = [await bench.node(), await bench.node()];
    const { chain } = await bench.link([first, second]);
    const signed = await chain.sign(call, alice);
    const outcome = chain.submit(signed);
    await inPool(first, chain);
    await first.close();
    await expect.poll(async () => (await pending(second)).length, SOON).toBe(1);
    second.newBlock();
    expect(await outcome).toMatchObject({ ok: true, extrinsicHash: signed.extrinsicHash });
  });

  it("and nobody is left: its outcome is open, and nothing was made twice when the chain is back", async () => {
    const node = await bench.node();
    const { chain } = await bench.link(node, { inclusionTimeoutMs: 700 });
    const signed = await chain.sign(call, alice);
    node.faults.set({ kind: "lose-answer", count: 1 });
    const outcome = outcomeOf(chain.submit(signed));
    await expect.poll(async () => (await pending(node)).length, SOON).toBe(1);
    node.faults.set({ kind: "down" });
    expect(await outcome).toBe("CHAIN_OUTCOME_UNKNOWN");
    node.newBlock();
    node.faults.clear();
    await expect.poll(() => outcomeOf(chain.head()), SOON).toBe("ok");
    expect(await chain.inclusionOf(signed.extrinsicHash, 0)).toMatchObject({ ok: true, block: 1 });
    expect(await chain.submit(signed), "the same bytes again find what became of them").toMatchObject({
      ok: true,
      block: 1,
    });
    expect((await chain.sign(call, alice)).nonce).toBe(1);
  });
});

describe("C8: a fork drops the block that had the call", () => {
  it("and the call, back in the pool, is in the next one", async () => {
    const node = await bench.node();
    const { chain } = await bench.link(node);
    node.faults.set({ kind: "stalled-finality" });
    const outcome = chain.submit(await chain.sign(call, alice));
    await inPool(node, chain);
    node.newBlock();
    const first = await outcome;
    expect(first).toMatchObject({ ok: true, finalized: false });
    expect(await standingOf(chain, first)).toBe("best");
    node.faults.set({ kind: "reorg", depth: 1 });
    expect(await standingOf(chain, first)).toBe("dropped");
    node.newBlock();
    const second = await chain.inclusionOf(first.extrinsicHash, 0);
    expect(second).toMatchObject({ ok: true });
    expect(second!.blockHash).not.toBe(first.blockHash);
    node.faults.clear();
    await expect.poll(() => standingOf(chain, second!), SOON).toBe("final");
  });

  it("and the call with it: the same bytes are taken again", async () => {
    const node = await bench.node();
    const { chain } = await bench.link(node);
    node.faults.set({ kind: "stalled-finality" });
    const signed = await chain.sign(call, alice);
    const outcome = chain.submit(signed);
    await inPool(node, chain);
    node.newBlock();
    const first = await outcome;
    node.faults.set({ kind: "reorg", depth: 1, lose: true });
    expect(await standingOf(chain, first)).toBe("dropped");
    const again = chain.submit(signed);
    await inPool(node, chain);
    node.newBlock();
    expect(await again).toMatchObject({ ok: true, extrinsicHash: first.extrinsicHash });
  });
});

describe("C12: another program spends nonces of the same key", () => {
  it("between signing and sending: found out, signed anew, and no more than three times", async () => {
    const node = await bench.node({ mode: { kind: "instant" } });
    const [{ chain }, { chain: other }] = [await bench.link(node), await bench.link(node)];
    const signed = await chain.sign(call, alice);
    const theirs = await other.submit(await other.sign(call, alice));
    expect(theirs.ok).toBe(true);
    await expect(chain.submit(signed)).rejects.toMatchObject({
      code: "CHAIN_NONCE_TAKEN",
      details: { nonce: 0 },
    });
    expect((await chain.sign(call, alice)).nonce).toBe(1);

    let signatures = 0;
    const overtaken: Pick<Chain, "sign" | "submit" | "inTurn"> = {
      inTurn: (signer, work) => chain.inTurn(signer, work),
      submit: (mine) => chain.submit(mine),
      sign: async (wanted, signer) => {
        const mine = await chain.sign(wanted, signer);
        if (++signatures <= 2) await other.submit(await other.sign(wanted, signer));
        return mine;
      },
    };
    expect(await outcomeOf(sendCall(overtaken, startCallOf(1), alice))).not.toBe("CHAIN_NONCE_TAKEN");
    expect(signatures).toBe(3);
  });

  it("calls of one key in one process go one after the other, over any connection", async () => {
    const node = await bench.node({ mode: { kind: "instant" } });
    const [{ chain }, { chain: other }] = [await bench.link(node), await bench.link(node)];
    const outcomes = await Promise.all(
      [chain, other, chain, other].map((link) => outcomeOf(sendCall(link, startCallOf(1), alice))),
    );
    expect(outcomes).not.toContain("CHAIN_NONCE_TAKEN");
    expect((await chain.sign(call, alice)).nonce).toBe(4);
  });
});

const startCallOf = (netuid: number): Call => ({ kind: "startCall", netuid });

async function pending(node: LocalNode): Promise<unknown[]> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "author_pendingExtrinsics", params: [] });
  const response = await fetch(node.endpoint.replace("ws", "http"), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  return ((await response.json()) as { result: unknown[] }).result;
}
