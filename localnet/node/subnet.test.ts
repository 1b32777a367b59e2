import { ApiPromise, Keyring, WsProvider } from "@polkadot/api";
import type { SubmittableExtrinsic } from "@polkadot/api/types";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { silentLogger } from "../../shared/logger.ts";
import { type LocalNode, startLocalNode } from "./local-node.ts";

const TAO = 1_000_000_000n;
const TEMPO = 10;

let node: LocalNode;
let api: ApiPromise;
let netuid: number;

const keyring = new Keyring({ type: "sr25519", ss58Format: 42 });
const key = (uri: string) => keyring.addFromUri(uri);

beforeAll(async () => {
  node = await startLocalNode({ port: 0, mode: { kind: "manual" }, logger: silentLogger });
  api = await ApiPromise.create({ provider: new WsProvider(node.endpoint), noInitWarn: true });
});

afterAll(async () => {
  await api?.disconnect();
  await node?.close();
});

/** One life of a subnet: every step builds on the one before. */
describe("a subnet over the wire", () => {
  it("is registered, set up by root and started", async () => {
    const alice = key("//Alice");
    const owner = key("//OwnerHotkey");
    const events = await include(alice, tx("subtensorModule", "registerNetwork", owner.address));
    const added = events.find(({ method }) => method === "NetworkAdded")!;
    netuid = Number(added.data[0]);
    expect(netuid).toBe(2);

    for (const [call, ...args] of [
      ["sudoSetAdminFreezeWindow", 0],
      ["sudoSetTempo", netuid, TEMPO],
      ["sudoSetCommitRevealWeightsEnabled", netuid, false],
      ["sudoSetWeightsSetRateLimit", netuid, 0],
      ["sudoSetSubnetEmissionEnabled", netuid, true],
    ] as [string, ...unknown[]][]) {
      await include(alice, tx("sudo", "sudo", tx("adminUtils", call, ...args)));
    }
    await include(alice, tx("subtensorModule", "startCall", netuid));
    expect(Number(await read("tempo", netuid))).toBe(TEMPO);
    expect(Number(await read("lastEpochBlock", netuid))).toBeGreaterThan(0);
    expect(Number(await read("pendingEpochAt", netuid))).toBe(0);
  });

  it("takes neurons, stake and an axon", async () => {
    const bob = key("//Bob");
    for (const name of ["//Validator", "//Miner1", "//Miner2"]) {
      await include(bob, tx("subtensorModule", "burnedRegister", netuid, key(name).address));
    }
    const stake = tx("subtensorModule", "addStake", key("//Validator").address, netuid, 500n * TAO);
    const events = await include(bob, stake);
    expect(events.map(({ method }) => method)).toContain("StakeAdded");
    const ip = 0xc0_a8_01_02; // 192.168.1.2
    await include(key("//Miner1"), tx("subtensorModule", "serveAxon", netuid, 1, ip, 8091, 4, 4, 0, 0));
    expect(await read("axons", netuid, key("//Miner1").address)).toMatchObject({ port: 8091, ip, ipType: 4 });
    expect(Number(await read("uids", netuid, key("//Miner2").address))).toBe(3);
    expect(await read("keys", netuid, 2)).toBe(key("//Miner1").address);
  });

  it("accepts weights of a validator with a permit, and pays by them", async () => {
    node.newBlock(TEMPO);
    await include(key("//Validator"), tx("subtensorModule", "setWeights", netuid, [2, 3], [30, 10], 0));
    expect(await read("weights", netuid, 1)).toEqual([
      [2, 65_535],
      [3, 21_845],
    ]);
    node.newBlock(2 * TEMPO);
    const incentive = (await read("incentive", netuid)) as number[];
    expect(incentive.map((share) => share / 65_535)).toEqual([
      0,
      0,
      expect.closeTo(0.75, 3),
      expect.closeTo(0.25, 3),
    ]);
    expect(Number(await read("subnetEpochIndex", netuid))).toBeGreaterThan(2);
  });

  it("refuses before inclusion by the chain's own numbers", async () => {
    const quiet = vi.spyOn(console, "error").mockImplementation(() => undefined); // the client repeats the answer
    const serveAgain = tx("subtensorModule", "serveAxon", netuid, 1, 0xc0_a8_01_03, 8092, 4, 4, 0, 0);
    await expect(serveAgain.signAndSend(key("//Miner1"))).rejects.toThrow(/1010.*Custom error: 12/);
    const other = tx("subtensorModule", "registerNetwork", key("//Other").address);
    await expect(other.signAndSend(key("//Bob"))).rejects.toThrow(/1010.*Custom error: 6/);
    quiet.mockRestore();
  });

  it("refuses in the block by the pallet's own name", async () => {
    const twice = tx("subtensorModule", "setWeights", netuid, [2, 2], [1, 1], 0);
    const events = await include(key("//Validator"), twice);
    const failed = events.find(({ method }) => method === "ExtrinsicFailed")!;
    const { name } = api.registry.findMetaError((failed.data[0] as unknown as { asModule: never }).asModule);
    expect(name).toBe("DuplicateUids");
  });

  it("answers the metagraph in one call, whole or in parts", async () => {
    const whole = await ask("getMetagraph", netuid);
    expect(whole).toMatchObject({ netuid, tempo: TEMPO, numUids: 4, maxUids: 256 });
    expect(whole.hotkeys[1]).toBe(key("//Validator").address);
    expect(whole.coldkeys[2]).toBe(key("//Bob").address);
    expect(whole.axons[2]).toMatchObject({ port: 8091 });
    expect(whole.validatorPermit[1]).toBe(true);
    expect(whole.incentives[2]).toBeGreaterThan(whole.incentives[3]);
    const part = await ask("getSelectiveMetagraph", netuid, [0, 52, 72]);
    expect(part).toMatchObject({ netuid, hotkeys: whole.hotkeys, axons: null });
    expect(part.validators.at(-1)).toBe(1); // by stake, the largest last
    expect(await ask("getMetagraph", 99)).toBeNull();

    const rules = await ask("getSubnetHyperparamsV2", netuid);
    expect(rules).toMatchObject({ tempo: TEMPO, yumaVersion: 3, commitRevealWeightsEnabled: false });
    const next = Number(await ask("getNextEpochStartBlock", netuid));
    expect(next).toBeGreaterThan(node.head().number);
    const neurons = (await call("neuronInfoRuntimeApi", "getNeuronsLite", netuid)) as { uid: number }[];
    expect(neurons.map(({ uid }) => uid)).toEqual([0, 1, 2, 3]);
  });

  it("keeps a commitment of a neuron", async () => {
    const data = new TextEncoder().encode("hello");
    const info = { fields: [{ Raw5: data }] };
    await include(key("//Miner1"), tx("commitments", "setCommitment", netuid, info));
    const stored = (await api.query.commitments!.commitmentOf!(netuid, key("//Miner1").address)).toJSON() as {
      block: number;
      info: { fields: unknown[] };
    };
    expect(stored.block).toBe(node.head().number);
    expect(stored.info.fields).toEqual([{ raw5: `0x${Buffer.from(data).toString("hex")}` }]);
  });
});

type Tx = SubmittableExtrinsic<"promise">;

function tx(pallet: string, call: string, ...args: unknown[]): Tx {
  return api.tx[pallet]![call]!(...args);
}

async function read(item: string, ...keys: unknown[]): Promise<unknown> {
  return (await api.query.subtensorModule![item]!(...keys)).toJSON();
}

async function call(runtimeApi: string, method: string, ...args: unknown[]): Promise<unknown> {
  return (await api.call[runtimeApi]![method]!(...args)).toJSON();
}

async function ask(method: string, ...args: unknown[]): Promise<Record<string, number[]>> {
  return (await call("subnetInfoRuntimeApi", method, ...args)) as Record<string, number[]>;
}

/** Send, make a block, and return the events of that transaction. */
async function include(signer: ReturnType<typeof key>, call: Tx) {
  await call.signAndSend(signer, { nonce: -1 });
  node.newBlock();
  const records = (await api.query.system!.events!()) as unknown as {
    phase: { isApplyExtrinsic: boolean; asApplyExtrinsic: { toNumber(): number } };
    event: { section: string; method: string; data: unknown[] };
  }[];
  return records
    .filter(({ phase }) => phase.isApplyExtrinsic && phase.asApplyExtrinsic.toNumber() === 1)
    .map(({ event }) => event);
}
