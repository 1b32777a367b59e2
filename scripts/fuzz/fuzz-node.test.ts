import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalNode, startLocalNode } from "../../localnet/node/local-node.ts";
import { keysReady } from "../../shared/keys/keypair.ts";
import { silentLogger } from "../../shared/logger.ts";
import { fuzzNode } from "./fuzz-node.ts";

/** The short form of `npm run fuzz`: always the same messages, so that a failure is one for everybody. */
const COUNT = 2_000;
const SEED = 1;

let node: LocalNode;

beforeAll(async () => {
  await keysReady();
  node = await startLocalNode({ port: 0, mode: { kind: "manual" }, logger: silentLogger });
});

afterAll(async () => {
  await node?.close();
});

describe("a node under mutated messages and extrinsics", () => {
  it(`answers each of ${COUNT} with a result or the code of an error, and lives on`, async () => {
    const { endpoint } = node;
    const { sent, findings, answers } = await fuzzNode({ endpoint, seed: SEED, count: COUNT });
    expect(findings).toEqual([]);
    expect(sent).toBe(COUNT);
    expect(Object.keys(answers)).toEqual(
      expect.arrayContaining(["result", "-32700", "-32602", "-32601", "none"]),
    );
  }, 120_000);
});
