import { ApiPromise, Keyring, WsProvider } from "@polkadot/api";
import { afterEach, describe, expect, it, vi } from "vitest";
import { silentLogger } from "../../shared/logger.ts";
import type { BlockMode } from "./block-author.ts";
import { type LocalNode, startLocalNode } from "./local-node.ts";

const TAO = 1_000_000_000n;
const INSTANT = { kind: "instant" } as const;
const cleanup: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of cleanup.splice(0).reverse()) await close();
});

async function start(mode: BlockMode = { kind: "manual" }): Promise<LocalNode> {
  const node = await startLocalNode({ port: 0, mode, logger: silentLogger });
  cleanup.push(() => node.close());
  return node;
}

/** What a Subtensor checks of a transaction beyond other chains. Nothing of it is signed, and a client must be told so. */
const EXTENSIONS = [
  "SudoTransactionExtension",
  "CheckShieldedTxValidity",
  "SubtensorTransactionExtension",
  "DrandPriority",
];
const signedExtensions = Object.fromEntries(EXTENSIONS.map((name) => [name, { extrinsic: {}, payload: {} }]));

async function connect(node: LocalNode): Promise<ApiPromise> {
  const provider = new WsProvider(node.endpoint, false);
  await provider.connect();
  const api = await ApiPromise.create({ provider, signedExtensions, noInitWarn: true });
  cleanup.push(async () => {
    const gone = new Promise((resolve) => provider.on("disconnected", () => resolve(undefined)));
    await api.disconnect();
    await gone;
  });
  return api;
}

function key(name: string): KeyringPair {
  return new Keyring({ type: "sr25519", ss58Format: 42 }).addFromUri(`//${name}`);
}

type KeyringPair = ReturnType<Keyring["addFromUri"]>;
type Amount = { toBigInt(): bigint };

async function free(api: ApiPromise, who: KeyringPair): Promise<bigint> {
  const account = (await api.query.system.account(who.address)) as unknown as { data: { free: Amount } };
  return account.data.free.toBigInt();
}

type Record = {
  event: { section: string; method: string; toHuman(): unknown };
  phase: { isApplyExtrinsic: boolean; asApplyExtrinsic: { toNumber(): number } };
};

/** Names of the events of one extrinsic of the best block. */
async function eventsOf(api: ApiPromise, index: number): Promise<string[]> {
  const records = (await api.query.system.events()) as unknown as Record[];
  return records
    .filter(({ phase }) => phase.isApplyExtrinsic && phase.asApplyExtrinsic.toNumber() === index)
    .map(({ event }) => `${event.section}.${event.method}`);
}

describe("a local node and @polkadot/api", () => {
  it("connects without one warning", async () => {
    const logs: string[] = [];
    const spies = (["warn", "error", "log"] as const).map((level) =>
      vi.spyOn(console, level).mockImplementation((...words) => void logs.push(words.join(" "))),
    );
    const api = await connect(await start());
    for (const spy of spies) spy.mockRestore();
    expect(logs).toEqual([]);
    expect(api.runtimeVersion.specName.toString()).toBe("node-subtensor");
    expect(api.runtimeVersion.specVersion.toNumber()).toBe(424);
    expect(api.consts.balances?.existentialDeposit?.toString()).toBe("500");
    expect(api.registry.chainSS58).toBe(42);
    expect(api.registry.chainTokens).toEqual(["TAO"]);
    expect(api.runtimeMetadata.version).toBe(16);
    const older = await api.rpc.state.getMetadata();
    expect(older.version).toBe(14);
    expect(older.asLatest.pallets.map(({ name }) => name.toString())).toEqual(
      api.runtimeMetadata.asLatest.pallets.map(({ name }) => name.toString()),
    );
  });

  it("transfers, shows the events in order, and takes the fee it announced", async () => {
    const node = await start();
    const api = await connect(node);
    const [alice, dave] = [key("Alice"), key("Dave")];
    const transfer = api.tx.balances!.transferKeepAlive!(dave.address, 5n * TAO);
    const { partialFee } = await transfer.paymentInfo(alice);
    await transfer.signAndSend(alice);
    node.newBlock();
    expect(await eventsOf(api, 1)).toEqual([
      "balances.Withdraw",
      "balances.Transfer",
      "balances.Deposit",
      "transactionPayment.TransactionFeePaid",
      "system.ExtrinsicSuccess",
    ]);
    expect(await free(api, dave)).toBe(2_005n * TAO);
    expect(await free(api, alice)).toBe(999_995n * TAO - partialFee.toBigInt());
  });

  it("reports a failed call with the name of its error, and keeps the fee", async () => {
    const node = await start(INSTANT);
    const api = await connect(node);
    const failure = await new Promise<string>((resolve, reject) => {
      api.tx.balances!.transferKeepAlive!(key("Dave").address, 9_000_000n * TAO)
        .signAndSend(key("Alice"), ({ status, dispatchError }) => {
          if (status.isFinalized) resolve(dispatchError?.toString() ?? "none");
        })
        .catch(reject);
    });
    expect(JSON.parse(failure)).toEqual({ token: "FundsUnavailable" });
    expect(await free(api, key("Alice"))).toBeLessThan(1_000_000n * TAO);
  });

  it("computes the same block hash as the client, for every block", async () => {
    const node = await start();
    const api = await connect(node);
    node.newBlock(3);
    for (let number = 0; number <= 3; number++) {
      const hash = await api.rpc.chain.getBlockHash(number);
      const header = await api.rpc.chain.getHeader(hash);
      expect(header.hash.toHex()).toBe(hash.toHex());
      if (number > 0) expect((await api.rpc.chain.getBlock(hash)).block.extrinsics).toHaveLength(1);
    }
    expect(node.head().hash).toBe((await api.rpc.chain.getFinalizedHead()).toHex());
  });

  it("runs sudo and batches, and refuses a call of the wrong signer", async () => {
    const node = await start();
    const api = await connect(node);
    const [alice, bob, eve] = [key("Alice"), key("Bob"), key("Eve")];
    const set = api.tx.balances!.forceSetBalance!(eve.address, 7n * TAO);
    await api.tx.sudo!.sudo!(set).signAndSend(alice);
    const send = api.tx.balances!.transferAllowDeath!(eve.address, TAO);
    await api.tx.utility!.batchAll!([send, send]).signAndSend(bob);
    node.newBlock();
    expect(await free(api, eve)).toBe(9n * TAO);
    await expect(api.tx.sudo!.sudo!(set).signAndSend(bob)).rejects.toThrow("1010");
  });

  it.each(["ed25519", "ecdsa"] as const)("takes transactions of an %s key", async (type) => {
    const node = await start();
    const api = await connect(node);
    const other = new Keyring({ type, ss58Format: 42 }).addFromUri("//Mallory");
    await api.tx.balances!.transferKeepAlive!(other.address, 9n * TAO).signAndSend(key("Alice"));
    node.newBlock();
    await api.tx.balances!.transferKeepAlive!(key("Dave").address, TAO).signAndSend(other);
    node.newBlock();
    expect(await free(api, key("Dave"))).toBe(2_001n * TAO);
  });

  it("iterates a map, follows an account, and looks into the past", async () => {
    const node = await start();
    const api = await connect(node);
    const dave = key("Dave");
    const accounts = await api.query.system.account.entries();
    expect(accounts.map(([{ args }]) => args[0]!.toString())).toContain(dave.address);
    const seen: bigint[] = [];
    let wake = () => {};
    const changed = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const stop = (await api.query.system.account(dave.address, (account: unknown) => {
      seen.push((account as { data: { free: Amount } }).data.free.toBigInt());
      if (seen.length === 2) wake();
    })) as unknown as () => void;
    const before = await api.rpc.chain.getBlockHash();
    await api.tx.balances!.transferKeepAlive!(dave.address, TAO).signAndSend(key("Alice"));
    node.newBlock();
    await changed;
    stop();
    expect(seen).toEqual([2_000n * TAO, 2_001n * TAO]);
    const then = await (await api.at(before)).query.system!.account!(dave.address);
    expect((then as unknown as { data: { free: Amount } }).data.free.toBigInt()).toBe(2_000n * TAO);
  });

  it("takes 200 transactions into one block while two clients follow every head", async () => {
    const node = await start();
    const [sender, observer] = [await connect(node), await connect(node)];
    const heads: number[][] = [[], []];
    const ends = [sender, observer].map(
      (api, i) =>
        new Promise<void>((resolve) => {
          void api.rpc.chain.subscribeNewHeads((header) => {
            heads[i]!.push(header.number.toNumber());
            if (header.number.toNumber() === 3) resolve();
          });
        }),
    );
    const alice = key("Alice");
    const send = () => sender.tx.balances!.transferKeepAlive!(key("Bob").address, TAO);
    const options = (nonce: number) => ({ nonce, era: 0 });
    const signed = await Promise.all(
      Array.from({ length: 200 }, (_, nonce) => send().signAsync(alice, options(nonce))),
    );
    await Promise.all(signed.map((one) => sender.rpc.author.submitExtrinsic(one)));
    expect((await sender.rpc.system.accountNextIndex(alice.address)).toNumber()).toBe(200);
    node.newBlock(3);
    await Promise.all(ends);
    for (const followed of heads) expect(followed.slice(-3)).toEqual([1, 2, 3]);
    const hash = await observer.rpc.chain.getBlockHash(1);
    expect((await observer.rpc.chain.getBlock(hash)).block.extrinsics).toHaveLength(201);
    expect(await free(observer, key("Bob"))).toBe(1_000_200n * TAO);
  });

  it("makes blocks on a timer whose time is the clock's", async () => {
    const node = await start({ kind: "interval", ms: 20 });
    const api = await connect(node);
    await new Promise<void>((resolve) => {
      void api.rpc.chain.subscribeNewHeads((header) => {
        if (header.number.toNumber() >= 5) resolve();
      });
    });
    const now = (await api.query.timestamp!.now!()) as unknown as { toNumber(): number };
    expect(Math.abs(now.toNumber() - Date.now())).toBeLessThan(5_000);
  });

  it("gives equal options an equal genesis, and another speed or balance another one", async () => {
    const [a, b, faster] = [await start(), await start(), await start({ kind: "interval", ms: 60_000 })];
    expect(a.genesisHash).toBe(b.genesisHash);
    expect(faster.genesisHash).not.toBe(a.genesisHash);
  });

  it("closes on an abort and leaves neither a timer nor a socket", async () => {
    const stop = new AbortController();
    const mode = { kind: "interval", ms: 20 } as const;
    const node = await startLocalNode({ port: 0, mode, logger: silentLogger }, stop.signal);
    const provider = new WsProvider(node.endpoint, false);
    await provider.connect();
    await provider.isReady;
    const gone = new Promise((resolve) => provider.on("disconnected", () => resolve(undefined)));
    stop.abort();
    await gone;
    await node.close();
    const { number } = node.head();
    await new Promise((resolve) => setImmediate(resolve));
    expect(node.head().number).toBe(number);
    await expect(fetch(node.endpoint.replace("ws", "http"))).rejects.toThrow();
    await provider.disconnect();
  });
});
