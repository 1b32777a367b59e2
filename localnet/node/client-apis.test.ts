import { ApiPromise, Keyring, WsProvider } from "@polkadot/api";
import type { SubmittableExtrinsic } from "@polkadot/api/types";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentLogger } from "../../shared/logger.ts";
import { type LocalNode, startLocalNode } from "./local-node.ts";

const TAO = 1_000_000_000n;
const TEMPO = 10;
const NETUID = 2;
/** Fields of a selective metagraph. */
const ALL_FIELDS = Array.from({ length: 74 }, (_, index) => index);

let node: LocalNode;
let api: ApiPromise;

const keyring = new Keyring({ type: "sr25519", ss58Format: 42 });
const address = (uri: string) => keyring.addFromUri(uri).address;

/** What clients read about a subnet with a validator, two miners, weights, and a nominator. */
beforeAll(async () => {
  node = await startLocalNode({ port: 0, mode: { kind: "manual" }, logger: silentLogger });
  api = await ApiPromise.create({ provider: new WsProvider(node.endpoint), noInitWarn: true });
  await send("//Alice", tx("subtensorModule", "registerNetwork", address("//Owner")));
  for (const [call, ...args] of [
    ["sudoSetAdminFreezeWindow", 0],
    ["sudoSetTempo", NETUID, TEMPO],
    ["sudoSetCommitRevealWeightsEnabled", NETUID, false],
    ["sudoSetWeightsSetRateLimit", NETUID, 0],
  ] as [string, ...unknown[]][])
    await send("//Alice", tx("sudo", "sudo", tx("adminUtils", call, ...args)));
  await send("//Alice", tx("subtensorModule", "startCall", NETUID));
  for (const hotkey of ["//Validator", "//Miner1", "//Miner2"])
    await send("//Bob", tx("subtensorModule", "burnedRegister", NETUID, address(hotkey)));
  await send("//Bob", tx("subtensorModule", "addStake", address("//Validator"), NETUID, 500n * TAO));
  await send("//Charlie", tx("subtensorModule", "addStake", address("//Validator"), NETUID, 200n * TAO));
  await send("//Bob", tx("subtensorModule", "decreaseTake", address("//Validator"), 6_000));
  const ip = 0xc0_a8_01_02;
  await send("//Miner1", tx("subtensorModule", "serveAxon", NETUID, 1, ip, 8091, 4, 4, 0, 0));
  node.newBlock(TEMPO);
  await send("//Validator", tx("subtensorModule", "setWeights", NETUID, [2, 3], [30, 10], 0));
  node.newBlock(2 * TEMPO);
});

afterAll(async () => {
  await api?.disconnect();
  await node?.close();
});

describe("subnets", () => {
  it("tell their pool as it is stored, one by one and all together", async () => {
    const info = await ask("subnetInfo", "getDynamicInfo", NETUID);
    expect(info).toMatchObject({
      netuid: NETUID,
      ownerHotkey: address("//Owner"),
      ownerColdkey: address("//Alice"),
      tempo: TEMPO,
      taoIn: await read("subnetTAO", NETUID),
      alphaIn: await read("subnetAlphaIn", NETUID),
      alphaOut: await read("subnetAlphaOut", NETUID),
      movingPrice: await read("subnetMovingPrice", NETUID),
      networkRegisteredAt: await read("networkRegisteredAt", NETUID),
      subnetIdentity: null,
    });
    const all = await ask<{ netuid: number }[]>("subnetInfo", "getAllDynamicInfo");
    expect(all.map(({ netuid }) => netuid)).toEqual([0, 1, NETUID]);
    expect(all[NETUID]).toEqual(info);
    expect(await ask("subnetInfo", "getDynamicInfo", 99)).toBeNull();
  });

  it("tell their rules, with the identity that its owner gave", async () => {
    const info = await ask<Fields>("subnetInfo", "getSubnetInfoV2", NETUID);
    const { emissionValue, identity, ...rest } = info;
    expect(rest).toMatchObject({
      subnetworkN: 4,
      tempo: TEMPO,
      burn: await read("burn", NETUID),
      blocksSinceLastStep: await read("blocksSinceLastStep", NETUID),
      networkConnect: [],
    });
    expect([emissionValue, identity]).toEqual([0, null]);
    expect(await ask("subnetInfo", "getSubnetInfo", NETUID)).toEqual({ ...rest, emissionValues: 0 });
    expect((await ask<unknown[]>("subnetInfo", "getSubnetsInfoV2"))[NETUID]).toEqual(info);
    expect(await ask("subnetInfo", "getSubnetsInfo")).toHaveLength(3);
  });

  it("tell the same rules in three generations", async () => {
    const first = await ask<Fields>("subnetInfo", "getSubnetHyperparams", NETUID);
    const second = await ask<Fields>("subnetInfo", "getSubnetHyperparamsV2", NETUID);
    expect(second).toMatchObject(first);
    const third = await ask<Entry[]>("subnetInfo", "getSubnetHyperparamsV3", NETUID);
    const byName = new Map(third.map(({ name, value }) => [text(name), Object.values(value)[0]]));
    expect(byName.size).toBe(third.length);
    expect(byName.get("tempo")).toBe(TEMPO);
    expect(byName.get("min_burn")).toBe(second.minBurn);
    expect(byName.get("alpha_sigmoid_steepness")).toEqual(second.alphaSigmoidSteepness);
    expect(byName.get("burn_half_life")).toBe(await read("burnHalfLife", NETUID));
    expect(byName.get("owner_cut_enabled")).toBe(await read("ownerCutEnabled", NETUID));
  });
});

describe("neurons", () => {
  it("are told with weights and bonds, or without", async () => {
    const neurons = await ask<Neuron[]>("neuronInfo", "getNeurons", NETUID);
    expect(neurons).toHaveLength(4);
    const { weights, bonds, ...validator } = neurons[1]!;
    expect(weights).toEqual(await read("weights", NETUID, 1));
    expect(bonds).toEqual(await read("bonds", NETUID, 1));
    expect(bonds).not.toEqual([]);
    expect(validator).toEqual((await ask<unknown[]>("neuronInfo", "getNeuronsLite", NETUID))[1]);
    expect(validator).toEqual(await ask("neuronInfo", "getNeuronLite", NETUID, 1));
    expect(validator.stake).toEqual([
      [address("//Bob"), await read("totalHotkeyAlpha", address("//Validator"), NETUID)],
    ]);
    expect(await ask("neuronInfo", "getNeuron", NETUID, 2)).toEqual(neurons[2]);
    expect(neurons[2]!.axonInfo).toMatchObject({ port: 8091, ip: 0xc0_a8_01_02 });
    expect(neurons[2]!.incentive).toBe((await read<number[]>("incentive", NETUID))[2]);
    expect(await ask("neuronInfo", "getNeuron", NETUID, 4)).toBeNull();
    expect(await ask("neuronInfo", "getNeurons", 99)).toEqual([]);
  });

  it("are told in columns that agree, whoever is asked", async () => {
    const metagraph = await ask("subnetInfo", "getMetagraph", NETUID);
    const state = await ask<Fields>("subnetInfo", "getSubnetState", NETUID);
    const { emissionHistory, ...columns } = state;
    expect(metagraph).toMatchObject(columns);
    expect(emissionHistory).toEqual([0, 1, NETUID].map(() => [0, 0, 0, 0]));
    expect((await ask<unknown[]>("subnetInfo", "getAllMetagraphs"))[NETUID]).toEqual(metagraph);
    expect(await ask("subnetInfo", "getAllMechagraphs")).toEqual(await ask("subnetInfo", "getAllMetagraphs"));
  });

  it("are told in the columns that were asked for, an identity even when there is none", async () => {
    const metagraph = await ask<Fields>("subnetInfo", "getMetagraph", NETUID);
    const all = await ask<Fields>("subnetInfo", "getSelectiveMechagraph", NETUID, 0, ALL_FIELDS);
    expect(all).toMatchObject(metagraph);
    expect(Object.keys(all)).toHaveLength(ALL_FIELDS.length);
    expect((all.validators as number[]).at(-1)).toBe(1); // by stake, the largest last
    const some = await ask("subnetInfo", "getSelectiveMechagraph", NETUID, 0, [52]);
    expect(some).toMatchObject({ netuid: NETUID, hotkeys: metagraph.hotkeys, tempo: null });
    expect(await ask("subnetInfo", "getSelectiveMetagraph", NETUID, [52])).toMatchObject({ netuid: 0 });
    const empty = await raw("subnetInfo", "getSelectiveMetagraph", NETUID, [3]);
    const asked = await raw("subnetInfo", "getSelectiveMetagraph", NETUID, []);
    expect(empty.length - asked.length).toBe(1); // "asked, and there is none" is two bytes, "not asked" one
  });
});

describe("stake", () => {
  it("is told by coldkey, by several coldkeys, and for one pair of keys", async () => {
    const [bob, charlie] = [address("//Bob"), address("//Charlie")];
    const validator = address("//Validator");
    const info = await ask("stakeInfo", "getStakeInfoForHotkeyColdkeyNetuid", validator, bob, NETUID);
    expect(info).toMatchObject({ hotkey: validator, coldkey: bob, netuid: NETUID, isRegistered: true });
    expect(await ask("stakeInfo", "getStakeInfoForColdkey", bob)).toEqual(expect.arrayContaining([info]));
    const both = await ask<[string, { hotkey: string; stake: number }[]][]>(
      "stakeInfo",
      "getStakeInfoForColdkeys",
      [bob, charlie],
    );
    const behind = both
      .flatMap(([, stakes]) => stakes)
      .filter(({ hotkey }) => hotkey === validator)
      .reduce((sum, { stake }) => sum + stake, 0);
    // Shares are rounded down.
    expect((await read<number>("totalHotkeyAlpha", validator, NETUID)) - behind).toBeLessThan(10);
    const none = await ask("stakeInfo", "getStakeInfoForHotkeyColdkeyNetuid", validator, charlie, 1);
    expect(none).toMatchObject({ stake: 0, isRegistered: false });
  });

  it("is free to be taken out, as nobody can lock it", async () => {
    const bob = address("//Bob");
    const { stake } = await ask<{ stake: number }>(
      "stakeInfo",
      "getStakeInfoForHotkeyColdkeyNetuid",
      address("//Validator"),
      bob,
      NETUID,
    );
    const free = await ask<Availability>("stakeInfo", "getStakeAvailabilityForColdkeys", [bob], null);
    expect(free[bob]![NETUID]).toMatchObject({ locked: 0 });
    expect(free[bob]![NETUID]!.available).toBeGreaterThanOrEqual(stake);
    const named = await ask<Availability>(
      "stakeInfo",
      "getStakeAvailabilityForColdkeys",
      [bob],
      [1, NETUID, NETUID],
    );
    expect(Object.keys(named[bob]!)).toEqual([String(NETUID)]);
    expect(await ask("stakeInfo", "getColdkeyLock", bob, NETUID)).toBeNull();
    expect(await ask("stakeInfo", "getMostConvictedHotkeyOnSubnet", NETUID)).toBeNull();
  });

  it("of delegates is told with take, nominators and where they validate", async () => {
    const validator = address("//Validator");
    const delegate = await ask<Fields>("delegateInfo", "getDelegate", validator);
    expect(delegate).toMatchObject({
      delegateSs58: validator,
      ownerSs58: address("//Bob"),
      take: 6_000,
      registrations: [NETUID],
      validatorPermits: [NETUID],
    });
    const nominators = delegate.nominators as [string, [number, number][]][];
    expect(new Set(nominators.map(([who]) => who))).toEqual(
      new Set([address("//Bob"), address("//Charlie")]),
    );
    expect(delegate.totalDailyReturn).toBeGreaterThan(0);
    expect(await ask("delegateInfo", "getDelegates")).toEqual([delegate]);
    const [first] = await ask<[unknown, [number, number]][]>(
      "delegateInfo",
      "getDelegated",
      address("//Charlie"),
    );
    const [of, [netuid, stake]] = first!;
    expect(of).toEqual({ ...delegate, nominators: [] });
    expect([netuid, stake]).toEqual(nominators.find(([who]) => who === address("//Charlie"))![1][0]);
    expect(await ask("delegateInfo", "getDelegate", address("//Nobody"))).toBeNull();
  });
});

describe("swaps", () => {
  it("are foretold as they then happen", async () => {
    const tao = Number(10n * TAO);
    const foretold = await ask<Swap>("swap", "simSwapTaoForAlpha", NETUID, tao);
    expect(foretold).toMatchObject({ alphaFee: 0, taoSlippage: 0 });
    expect(foretold.taoAmount + foretold.taoFee).toBe(tao);
    expect(foretold.alphaSlippage).toBeGreaterThan(0);
    const before = await read<number>("totalHotkeyAlpha", address("//Miner2"), NETUID);
    await send("//Bob", tx("subtensorModule", "addStake", address("//Miner2"), NETUID, tao));
    const got = (await read<number>("totalHotkeyAlpha", address("//Miner2"), NETUID)) - before;
    expect(Math.abs(got - foretold.alphaAmount) / got).toBeLessThan(0.01); // a block's emission came in between
  });

  it("are foretold at par where alpha has no price, and as nothing where there is no subnet", async () => {
    expect(await ask("swap", "simSwapAlphaForTao", 0, 500)).toMatchObject({ taoAmount: 500, alphaFee: 0 });
    expect(await ask("swap", "simSwapTaoForAlpha", 99, 500)).toMatchObject({ taoAmount: 0, alphaAmount: 0 });
    const sale = await ask<Swap>("swap", "simSwapAlphaForTao", NETUID, 1_000_000);
    expect(sale.alphaAmount + sale.alphaFee).toBe(1_000_000);
    expect(sale.taoAmount).toBeGreaterThan(0);
  });

  it("have one price, subnet by subnet or for all", async () => {
    const [root, , ours] = await ask<unknown[]>("swap", "currentAlphaPriceAll");
    expect(root).toEqual({ netuid: 0, price: 1_000_000_000 });
    expect(ours).toEqual({ netuid: NETUID, price: await ask("swap", "currentAlphaPrice", NETUID) });
    expect(
      await ask(
        "stakeInfo",
        "getStakeFee",
        null,
        address("//Bob"),
        [address("//Validator"), NETUID],
        address("//Bob"),
        65_535_000,
      ),
    ).toBe((await ask<Swap>("swap", "simSwapTaoForAlpha", NETUID, 65_535_000)).taoFee);
  });
});

describe("the methods a Subtensor adds", () => {
  it("answer the same bytes as the runtime APIs behind them, as numbers", async () => {
    const bytes = await rpc("subnetInfo_getMetagraph", NETUID);
    expect(Uint8Array.from(bytes as number[])).toEqual(await raw("subnetInfo", "getMetagraph", NETUID));
    const account = [...keyring.decodeAddress(address("//Validator"))];
    expect(await rpc("delegateInfo_getDelegate", account)).toEqual([
      ...(await raw("delegateInfo", "getDelegate", address("//Validator"))),
    ]);
    expect(await rpc("subnetInfo_getSelectiveMechagraph", NETUID, 0, [0, 52], node.head().hash)).toEqual([
      ...(await raw("subnetInfo", "getSelectiveMechagraph", NETUID, 0, [0, 52])),
    ]);
  });

  it("answer prices and costs as numbers", async () => {
    expect(await rpc("swap_currentAlphaPrice", NETUID)).toBe(await ask("swap", "currentAlphaPrice", NETUID));
    expect(await rpc("swap_currentAlphaPriceAll")).toEqual(await ask("swap", "currentAlphaPriceAll"));
    expect(await rpc("subnetInfo_getLockCost")).toBeGreaterThan(0);
  });

  it("refuse what no argument can be made of", async () => {
    await expect(rpc("subnetInfo_getMetagraph", 65_536)).rejects.toThrow("-32602");
    await expect(rpc("subnetInfo_getMetagraph")).rejects.toThrow("-32602");
    await expect(rpc("delegateInfo_getDelegate", [1, 2])).rejects.toThrow("-32602");
    await expect(rpc("swap_simSwapTaoForAlpha", NETUID, -1)).rejects.toThrow("-32602");
  });
});

type Fields = Record<string, unknown>;
type Neuron = Fields & { weights: unknown; bonds: unknown };
type Availability = Record<string, Record<string, { available: number }>>;
type Swap = {
  taoAmount: number;
  alphaAmount: number;
  taoFee: number;
  alphaFee: number;
  alphaSlippage: number;
};
type Entry = { name: string; value: Record<string, unknown> };
type Tx = SubmittableExtrinsic<"promise">;

function tx(pallet: string, call: string, ...args: unknown[]): Tx {
  return api.tx[pallet]![call]!(...args);
}

/** Send and make its block. */
async function send(uri: string, call: Tx): Promise<void> {
  await call.signAndSend(keyring.addFromUri(uri), { nonce: -1 });
  node.newBlock();
  const records = (await api.query.system!.events!()) as unknown as {
    event: { method: string; data: unknown };
  }[];
  const failed = records.find(({ event }) => event.method === "ExtrinsicFailed");
  if (failed) throw new Error(`${call.method.method}: ${failed.event.data}`);
}

async function read<T = unknown>(item: string, ...keys: unknown[]): Promise<T> {
  return (await api.query.subtensorModule![item]!(...keys)).toJSON() as T;
}

async function ask<T = unknown>(area: string, method: string, ...args: unknown[]): Promise<T> {
  return (await api.call[`${area}RuntimeApi`]![method]!(...args)).toJSON() as T;
}

async function raw(area: string, method: string, ...args: unknown[]): Promise<Uint8Array> {
  return (await api.call[`${area}RuntimeApi`]![method]!(...args)).toU8a();
}

/** @throws Error with the code */
async function rpc(method: string, ...params: unknown[]): Promise<unknown> {
  const response = await fetch(node.endpoint.replace("ws:", "http:"), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: "qZ17", method, params }),
  });
  const answer = (await response.json()) as { id: unknown; result: unknown; error?: { code: number } };
  expect(answer.id).toBe("qZ17"); // the Python clients number their requests with texts
  if (answer.error) throw new Error(String(answer.error.code));
  return answer.result;
}

function text(hex: string): string {
  return Buffer.from(hex.slice(2), "hex").toString();
}
