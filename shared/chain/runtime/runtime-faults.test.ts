import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { Keypair, keysReady } from "../../keys/keypair.ts";
import type { Call } from "../chain.ts";
import { LinkBench, outcomeOf } from "../chain-link.test-kit.ts";
import { standingOf } from "../finality.ts";

/* Rows C9 to C11 of the fault matrix: what the chain itself can do to who talks to it. */

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

describe("C9: blocks are made, and none becomes final", () => {
  it("is told and shown, what was included stays unproven, and it ends", async () => {
    const node = await bench.node({ mode: { kind: "instant" } });
    const { chain, log } = await bench.link(node);
    node.faults.set({ kind: "stalled-finality" });
    const included = await chain.submit(await chain.sign(call, alice));
    node.newBlock(12);
    await expect.poll(() => chain.status().isFinalityStalled, SOON).toBe(true);
    expect(log.of("chain.finality-stalled")).toHaveLength(1);
    expect((await chain.finalizedHead()).number).toBe(0);
    expect(await standingOf(chain, included)).toBe("best");
    expect(await outcomeOf(chain.subnetRules(1)), "reading goes on").toBe("ok");
    node.faults.clear();
    await expect.poll(() => chain.status().isFinalityStalled, SOON).toBe(false);
    expect(log.of("chain.finality-resumed")).toHaveLength(1);
    expect(await standingOf(chain, included)).toBe("final");
  });
});

describe("C10: the runtime is upgraded while we are connected", () => {
  it.each([["argument"], ["rename"]] as const)(
    "to another shape (%s) of a call we use: told, nothing is signed, reading goes on; and back",
    async (change) => {
      const node = await bench.node({ mode: { kind: "instant" } });
      const { chain, log } = await bench.link(node);
      node.faults.set({ kind: "spec-bump", change });
      node.newBlock();
      await expect.poll(() => log.of("chain.writes-stopped").length, SOON).toBe(1);
      await expect(chain.sign(call, alice)).rejects.toMatchObject({
        code: "CHAIN_WRITES_STOPPED",
        details: { problems: [expect.stringMatching(/setWeights/)] },
      });
      expect(chain.status().writeProblems).toHaveLength(1);
      expect(await outcomeOf(chain.subnetRules(1))).toBe("ok");
      expect(await outcomeOf(chain.metagraph(1))).toBe("ok");
      node.faults.clear();
      node.newBlock();
      await expect.poll(() => outcomeOf(chain.sign(call, alice)), SOON).toBe("ok");
    },
  );

  it("to new names of the same bytes: its metadata is read again, and writing goes on", async () => {
    const node = await bench.node({ mode: { kind: "instant" } });
    const { chain, log } = await bench.link(node);
    const before = await chain.submit(await chain.sign(call, alice));
    node.faults.set({ kind: "spec-bump", change: "newtype" });
    node.newBlock();
    await expect.poll(() => log.of("chain.upgraded").length, SOON).toBe(1);
    expect(log.of("chain.upgraded")[0]).toEqual({
      from: chain.identity.specVersion,
      to: node.version().specVersion,
    });
    const after = await chain.submit(await chain.sign({ kind: "startCall", netuid: 1 }, alice));
    expect(after.block).toBeGreaterThan(before.block);
    expect(await outcomeOf(chain.subnetRules(1))).toBe("ok");
    const found = await chain.inclusionOf(before.extrinsicHash, 0);
    expect(found, "events of before are read by the runtime that wrote them").toEqual({
      ...before,
      finalized: true,
    });
  });
});

describe("C11: state that a node has forgotten", () => {
  it("is named", async () => {
    const node = await bench.node({ mode: { kind: "instant" } });
    const { chain } = await bench.link(node);
    const { extrinsicHash } = await chain.submit(await chain.sign(call, alice));
    const first = (await chain.blockHash(1))!;
    node.newBlock(20);
    node.faults.set({ kind: "pruned", blocks: 5 });
    await expect(chain.weights(1, 0, { at: first })).rejects.toMatchObject({ code: "CHAIN_STATE_PRUNED" });
    expect(await outcomeOf(chain.inclusionOf(extrinsicHash, 0))).toBe("CHAIN_STATE_PRUNED");
  });

  it("is asked of another endpoint that still has it", async () => {
    const archive = await bench.node({ mode: { kind: "instant" } });
    const { chain: direct } = await bench.link(archive);
    const { extrinsicHash } = await direct.submit(await direct.sign(call, alice));
    const old = [await direct.blockHash(0), await direct.blockHash(1)];
    archive.newBlock(20);
    const light = await bench.relay(archive, (answer, { method, params }) =>
      method.startsWith("state_") && params.some((param) => old.includes(param as never))
        ? new Error("UnknownBlock: State already discarded")
        : answer,
    );
    const { chain } = await bench.link([light, archive]);
    expect(await chain.weights(1, 0, { at: old[1]! })).toEqual({ uids: [], values: [] });
    expect(await chain.inclusionOf(extrinsicHash, 0)).toMatchObject({ ok: true, block: 1 });
  });
});

describe("the word of a second endpoint", () => {
  it("is asked when weights are read back, and a different one is an error", async () => {
    const node = await bench.node();
    const honest = await bench.relay(node, (answer) => answer);
    const { chain: safe } = await bench.link([node, honest]);
    expect(await safe.weights(1, 0)).toEqual({ uids: [], values: [] });
    const liar = await bench.relay(node, (answer, { method }) =>
      method === "state_getStorage" ? "0x0400000100" : answer,
    );
    const { chain } = await bench.link([node, liar]);
    expect(await outcomeOf(chain.weights(1, 0))).toBe("CHAIN_ENDPOINTS_DISAGREE");
  });
});
