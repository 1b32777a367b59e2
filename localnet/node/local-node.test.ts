import { ApiPromise, WsProvider } from "@polkadot/api";
import { Keyring } from "@polkadot/keyring";
import type { KeyringPair } from "@polkadot/keyring/types";
import { afterEach, describe, expect, it, vi } from "vitest";
import { silentLogger } from "../../shared/logger.ts";
import type { BlockMode } from "./block-author.ts";
import { type LocalNode, startLocalNode } from "./local-node.ts";

const TAO = 1_000_000_000n;
const opened: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

async function start(mode: BlockMode = { kind: "manual" }): Promise<LocalNode> {
  const node = await startLocalNode({ port: 0, mode, logger: silentLogger });
  opened.push(() => node.close());
  return node;
}

async function connect(node: LocalNode): Promise<ApiPromise> {
  const api = await ApiPromise.create({ provider: new WsProvider(node.endpoint), noInitWarn: true });
  opened.push(() => api.disconnect());
  return api;
}

function key(name: string): KeyringPair {
  return new Keyring({ type: "sr25519", ss58Format: 42 }).addFromUri(`//${name}`);
}

describe("a local node and @polkadot/api", () => {
  it("connects without a type the client cannot resolve", async () => {
    const logs: string[] = [];
    const spies = (["warn", "error", "log"] as const).map((level) =>
      vi.spyOn(console, level).mockImplementation((...words) => void logs.push(words.join(" "))),
    );
    const api = await connect(await start());
    for (const spy of spies) spy.mockRestore();
    expect(logs.filter((line) => !line.includes("Unknown signed extensions"))).toEqual([]);
    expect(api.runtimeVersion.specName.toString()).toBe("node-subtensor");
    expect(api.runtimeVersion.specVersion.toNumber()).toBe(424);
    expect(api.consts.balances.existentialDeposit.toString()).toBe("500");
  });

  it("transfers, shows the events in order, and takes the fee it announced", async () => {
    const node = await start();
    const api = await connect(node);
    const [alice, dave] = [key("Alice"), key("Dave")];
    const transfer = api.tx.balances.transferKeepAlive(dave.address, 5n * TAO);
    const { partialFee } = await transfer.paymentInfo(alice);
    await transfer.signAndSend(alice);
    node.newBlock();
    const events = (await api.query.system.events()) as unknown as {
      event: { section: string; method: string };
      phase: { isApplyExtrinsic: boolean; asApplyExtrinsic: { toNumber(): number } };
    }[];
    const own = events.filter(
      ({ phase }) => phase.isApplyExtrinsic && phase.asApplyExtrinsic.toNumber() === 1,
    );
    expect(own.map(({ event }) => `${event.section}.${event.method}`)).toEqual([
      "balances.Withdraw",
      "balances.Transfer",
      "balances.Deposit",
      "transactionPayment.TransactionFeePaid",
      "system.ExtrinsicSuccess",
    ]);
    const free = async (who: KeyringPair) => {
      const account = (await api.query.system.account(who.address)) as unknown as {
        data: { free: { toBigInt(): bigint } };
      };
      return account.data.free.toBigInt();
    };
    expect(await free(dave)).toBe(2_005n * TAO);
    expect(await free(alice)).toBe(999_995n * TAO - partialFee.toBigInt());
  });
});
