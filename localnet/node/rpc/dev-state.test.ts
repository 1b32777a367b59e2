import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Keypair, keysReady, toAddress } from "../../../shared/keys/keypair.ts";
import { silentLogger } from "../../../shared/logger.ts";
import { type LocalNode, startLocalNode } from "../local-node.ts";
import { call, result } from "../rpc-client.test-kit.ts";

let node: LocalNode;

beforeAll(async () => {
  await keysReady();
  node = await startLocalNode({ port: 0, mode: { kind: "manual" }, logger: silentLogger });
});
afterAll(() => node?.close());

function address(name: string): string {
  return toAddress(Keypair.fromUri(`//${name}`).publicKey);
}

async function refusal(method: string, ...params: unknown[]): Promise<string> {
  const { error } = await call(node, method, ...params);
  return `${error?.code} ${error?.data}`;
}

describe("dev_setHead", () => {
  it("goes back to a block by its height or hash", async () => {
    node.newBlock(5);
    const hash = await result(node, "chain_getBlockHash", 4);
    expect(await result(node, "dev_setHead", 4)).toBe(hash);
    expect(node.head().number).toBe(4);
    node.newBlock(2);
    expect(await result(node, "dev_setHead", hash)).toBe(hash);
    expect(node.head()).toEqual({ number: 4, hash });
  });

  it("refuses what is ahead, unknown or nonsense", async () => {
    expect(await refusal("dev_setHead", 99_999)).toBe("-32602 there is no block 99999");
    expect((await call(node, "dev_setHead", `0x${"11".repeat(32)}`)).error?.code).toBe(4003);
    expect(await refusal("dev_setHead", "best")).toContain("-32602");
  });
});

describe("dev_fundAndRegister", () => {
  it("makes a neuron of keys that have nothing", async () => {
    const [hotkey, coldkey] = [address("Hot"), address("Cold")];
    const options = { netuid: 1, hotkey, coldkey, rao: "5000000000000" };
    expect(await result(node, "dev_fundAndRegister", options)).toBe(node.head().hash);
    const again = await refusal("dev_fundAndRegister", { netuid: 1, hotkey, coldkey });
    expect(again).toBe("-32602 not registered: SubtensorModule.HotKeyAlreadyRegisteredInSubNet");
  });

  it("makes no block when it cannot", async () => {
    const { number } = node.head();
    expect(await refusal("dev_fundAndRegister", { netuid: 1, hotkey: address("Poor") })).toContain(
      "-32602 not registered: SubtensorModule.",
    );
    expect(await refusal("dev_fundAndRegister", { netuid: 999, hotkey: address("Poor") })).toContain(
      "-32602 not registered: SubtensorModule.",
    );
    expect(await refusal("dev_fundAndRegister", { netuid: 70_000, hotkey: address("Poor") })).toContain(
      "-32602",
    );
    expect(node.head().number).toBe(number);
  });
});
