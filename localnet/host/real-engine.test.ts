import { existsSync, readFileSync } from "node:fs";
import { ApiPromise, Keyring, WsProvider } from "@polkadot/api";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { keysReady } from "../../shared/keys/keypair.ts";
import { silentLogger } from "../../shared/logger.ts";
import type { BlockMode } from "../node/block-author.ts";
import { ChainNode } from "../node/chain-node.ts";
import { DEV_ACCOUNTS, DEV_SUDO } from "../node/dev-accounts.ts";
import { type LocalNode, startLocalNode } from "../node/local-node.ts";
import { System } from "../runtime/pallets/system-storage.ts";
import { bytesToHex } from "../types/hex.ts";
import { RealEngine } from "./real-engine.ts";

/*
 * The host with a real runtime in it. No blob comes with the project: set SUBFORGE_RUNTIME to one, for instance of
 * `subforge chain fetch-runtime --network finney --out runtime.wasm`. Without it these tests are skipped.
 */
const file = process.env.SUBFORGE_RUNTIME;
const title = "a real runtime (skipped unless SUBFORGE_RUNTIME names a blob)";
const SPEC = "../shared/spec";
const TAO = 1_000_000_000n;
const cleanup: (() => Promise<void>)[] = [];
const [, BOB] = DEV_ACCOUNTS.map(({ account }) => account);

beforeAll(keysReady);
afterEach(async () => {
  for (const close of cleanup.splice(0).reverse()) await close();
});

describe.skipIf(!file)(title, () => {
  const blob = file ? new Uint8Array(readFileSync(file)) : new Uint8Array();

  it("answers with the metadata that is known of its version", ({ skip }) => {
    const engine = open();
    const { specVersion, specName } = engine.version();
    expect(specName).toBe("node-subtensor");
    expect(engine.metadata(14)[4]).toBe(14);
    const known = `${SPEC}/subtensor-metadata-${specVersion}-v15.scale`;
    if (!existsSync(known)) skip(`no recorded metadata of spec ${specVersion}`);
    expect(Buffer.compare(engine.metadata(15), readFileSync(known))).toBe(0);
  });

  it("begins with the development accounts, and makes blocks whose number and time go on", () => {
    const node = chainOf(open());
    for (const { account, rao } of DEV_ACCOUNTS) expect(freeOf(node, account)).toBe(rao);
    for (let i = 1; i <= 3; i++) expect(node.newBlock().header.number).toBe(i);
    const { header, extrinsics } = node.head;
    expect(System.Number.get(node.state)).toBe(3);
    expect(header.parentHash).toBe(System.ParentHash.get(node.state));
    expect(extrinsics).toHaveLength(1); // the timestamp
    expect(header.stateRoot).not.toBe(header.extrinsicsRoot);
  });

  it("equal blobs and options make equal chains; a revert leaves what was there", () => {
    const [a, b] = [chainOf(open()), chainOf(open())];
    expect(a.genesisHash).toBe(b.genesisHash);
    a.newBlock();
    const first = a.head.hash;
    const keys = [...a.state.keys("0x")].length;
    a.newBlock();
    a.revertTo(1);
    expect(a.head.hash).toBe(first);
    expect([...a.state.keys("0x")]).toHaveLength(keys);
    expect(a.newBlock().header.parentHash).toBe(first);
  });

  it("gives an account the balance it is told, and counts the money", () => {
    const node = chainOf(open());
    node.newBlock((store) => node.engine.setBalance(store, BOB!, 7n * TAO));
    expect(freeOf(node, BOB!)).toBe(7n * TAO);
    node.newBlock();
    expect(freeOf(node, BOB!)).toBe(7n * TAO);
  });

  it("refuses by name what is no transaction and no question", () => {
    const node = chainOf(open());
    expect(() => node.submit(Uint8Array.of(1, 2, 3))).toThrow(expect.objectContaining({ code: 1002 }));
    const ask = (method: string, args = new Uint8Array()) =>
      node.query(undefined, (engine, store, at) => engine.call(store, method, args, at));
    expect(() => ask("Core_nothing")).toThrow("Core_nothing");
    expect(() => ask("__heap_base")).toThrow();
    expect(() => ask("AccountNonceApi_account_nonce")).toThrow(
      expect.objectContaining({ code: "RUNTIME_TRAPPED" }),
    );
  });

  it("@polkadot/api connects, sends, follows heads and reads events", async () => {
    const node = await start({ kind: "instant" });
    const api = await connect(node);
    expect(api.runtimeVersion.specVersion.toNumber()).toBe(node.version().specVersion);
    const alice = new Keyring({ type: "sr25519" }).addFromUri("//Alice");
    const transfer = api.tx.balances.transferKeepAlive(bytesOf(BOB!), 3n * TAO);
    const events = await new Promise<string[]>((resolve, reject) => {
      transfer
        .signAndSend(alice, ({ status, events: records }) => {
          if (status.isFinalized) resolve(records.map(({ event }) => event.method));
        })
        .catch(reject);
    });
    expect(events.at(-1)).toBe("ExtrinsicSuccess");
    expect(events).toContain("Transfer");
    expect(node.head().number).toBe(1);
    const { nonce } = (await api.query.system.account(alice.address)) as unknown as { nonce: object };
    expect(String(nonce)).toBe("1");
  });

  it("refuses a damaged signature and a nonce that was used, with the pool's own codes", async () => {
    const node = await start({ kind: "manual" });
    const api = await connect(node);
    const alice = new Keyring({ type: "sr25519" }).addFromUri("//Alice");
    const signed = await api.tx.system.remark("0x01").signAsync(alice, { nonce: 0 });
    const damaged = signed.toU8a();
    damaged[60]! ^= 1;
    await expect(api.rpc.author.submitExtrinsic(bytesToHex(damaged))).rejects.toThrow("1010");
    await api.rpc.author.submitExtrinsic(signed.toHex());
    await expect(api.rpc.author.submitExtrinsic(signed.toHex())).rejects.toThrow("1013");
    node.newBlock();
    const again = await api.tx.system.remark("0x02").signAsync(alice, { nonce: 0 });
    await expect(api.rpc.author.submitExtrinsic(again.toHex())).rejects.toThrow("outdated");
  });

  it("takes a pulse of the public beacon: its pairing is checked by our curve arithmetic", async ({
    skip,
  }) => {
    const vectors = "../shared/vectors/timelock/quicknet.json";
    if (!existsSync(vectors)) skip("no recorded pulse");
    const [pulse, other] = (JSON.parse(readFileSync(vectors, "utf8")) as { pulses: Pulse[] }).pulses;
    expect(await roundAfter({ ...pulse!, signature_hex: other!.signature_hex })).toBe("0");
    expect(await roundAfter(pulse!)).toBe(String(pulse!.round));
  });

  /** The last round a fresh chain has stored after it was sent a pulse. */
  async function roundAfter(pulse: Pulse): Promise<string> {
    const node = await start({ kind: "manual" });
    const api = await connect(node);
    const alice = new Keyring({ type: "sr25519" }).addFromUri("//Alice");
    const signature = `0x${pulse.signature_hex}`;
    const payload = api.createType(api.tx.drand.writePulse.meta.args[0]!.type.toString(), {
      blockNumber: 0,
      pulses: [{ round: pulse.round, randomness: `0x${pulse.randomness_hex}`, signature }],
      public: { Sr25519: alice.publicKey },
    });
    const by = { Sr25519: alice.sign(payload.toU8a()) };
    await api.rpc.author.submitExtrinsic(api.tx.drand.writePulse(payload, by).toHex());
    node.newBlock();
    return (await api.query.drand.lastStoredRound()).toString();
  }

  function open(): RealEngine {
    return new RealEngine({ blob, logger: silentLogger });
  }

  async function start(mode: BlockMode): Promise<LocalNode> {
    const node = await startLocalNode({ port: 0, mode, runtime: blob, logger: silentLogger });
    cleanup.push(() => node.close());
    return node;
  }
});

type Pulse = { round: number; randomness_hex: string; signature_hex: string };

function chainOf(engine: RealEngine): ChainNode {
  let nowMs = 1_800_000_000_000n;
  const balances = DEV_ACCOUNTS.map(({ account, rao }) => ({ account, rao }));
  const nextTimeMs = () => {
    nowMs += BigInt(engine.slotMs);
    return nowMs;
  };
  const genesis = { balances, sudo: DEV_SUDO };
  return new ChainNode({ engine, genesis, nextTimeMs, keepBlocks: 100 }, silentLogger);
}

function freeOf(node: ChainNode, account: typeof DEV_SUDO): bigint {
  return System.Account.get(node.state, account).data.free;
}

function bytesOf(account: string): Uint8Array {
  return new Uint8Array(Buffer.from(account.slice(2), "hex"));
}

async function connect(node: LocalNode): Promise<ApiPromise> {
  const provider = new WsProvider(node.endpoint, false);
  await provider.connect();
  const api = await ApiPromise.create({ provider, noInitWarn: true });
  cleanup.push(async () => {
    const gone = new Promise((resolve) => provider.on("disconnected", () => resolve(undefined)));
    await api.disconnect();
    await gone;
  });
  return api;
}
