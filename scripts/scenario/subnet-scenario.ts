import type { RuntimeCall } from "../../localnet/runtime/dsl/context.ts";
import { Hyperparameters } from "../../localnet/runtime/pallets/subtensor/hyperparameter-storage.ts";
import { Networks } from "../../localnet/runtime/pallets/subtensor/network-storage.ts";
import { Neurons } from "../../localnet/runtime/pallets/subtensor/neuron-storage.ts";
import { Stakes } from "../../localnet/runtime/pallets/subtensor/stake-storage.ts";
import { Swap } from "../../localnet/runtime/pallets/swap.ts";
import { System } from "../../localnet/runtime/pallets/system-storage.ts";
import type { Reader } from "../../localnet/state/store.ts";
import { Bool, U16, U64 } from "../../localnet/types/primitives.ts";
import { SubforgeError } from "../../shared/errors.ts";
import type { BlockNumber, Netuid } from "../../shared/types.ts";
import type { ScenarioChain } from "./scenario-chain.ts";

const TAO = 1_000_000_000n;

/** The first subnet that is registered: root and one more are there from the beginning. */
const NETUID: Netuid = 2;
const OWNER = "//Alice";
const OWNER_HOTKEY = "//Alice//hotkey";
const VALIDATORS = [
  { hotkey: "//Bob", coldkey: "//Charlie", stakeRao: 100n * TAO },
  { hotkey: "//Dave", coldkey: "//Bob", stakeRao: 300n * TAO },
];
const MINERS = ["//Miner//1", "//Miner//2", "//Miner//3"].map((hotkey) => ({ hotkey, coldkey: "//Eve" }));
const MINER_UIDS = [3, 4, 5];

/** Blocks of an epoch. */
const EPOCH_BLOCKS = 11;

/** Blocks after its registration in which a subnet may not be started yet, on the fast chain. */
const START_DELAY_BLOCKS = 30;

/** What an epoch left of one subnet: shares of 65,535, one per uid. */
export type EpochColumns = {
  block: BlockNumber;
  incentive: number[];
  dividends: number[];
  stakeWeight: number[];
};

/**
 * A subnet's life, by the calls anybody would use: registered, two validators and three miners on it, started, and
 * new weights in each epoch. Where versions of the runtime have other defaults, the scenario sets them (`equalRules`).
 *
 * @param epochs - With weights; one without goes before, in which validators get their permits.
 */
export async function runSubnetScenario(chain: ScenarioChain, epochs: number): Promise<EpochColumns[]> {
  await chain.send(OWNER, sudo("sudo_set_network_rate_limit", { rate_limit: 0n }), always);
  await chain.send(OWNER, call("register_network", { hotkey: chain.account(OWNER_HOTKEY) }), (s) =>
    Networks.NetworksAdded.get(s, NETUID),
  );
  await equalRules(chain);
  await followTempo(chain);
  for (const { hotkey, coldkey } of [...VALIDATORS, ...MINERS]) {
    const account = chain.account(hotkey);
    await chain.send(coldkey, call("burned_register", { netuid: NETUID, hotkey: account }), (s) =>
      Neurons.Uids.exists(s, NETUID, account),
    );
  }
  for (const { hotkey, coldkey, stakeRao } of VALIDATORS) {
    const account = chain.account(hotkey);
    const args = { netuid: NETUID, hotkey: account, amount_staked: stakeRao };
    await chain.send(coldkey, call("add_stake", args), (s) =>
      Stakes.TotalHotkeyAlpha.exists(s, account, NETUID),
    );
  }
  await chain.newBlocks(START_DELAY_BLOCKS);
  await endOfEpoch(chain);
  await chain.send(OWNER, call("start_call", { netuid: NETUID }), (s) =>
    Networks.FirstEmissionBlockNumber.exists(s, NETUID),
  );
  const columns: EpochColumns[] = [];
  await endOfEpoch(chain);
  for (let epoch = 0; epoch < epochs; epoch++) {
    await setWeights(chain, epoch);
    columns.push(columnsOf(await endOfEpoch(chain)));
  }
  return columns;
}

/**
 * Defaults that changed between spec 293 and 424: the swap fee (196 of 65,535, later 33), the price of registration and
 * how it moves (per interval, later per block), registrations per interval (3, later unlimited), and which form of
 * bonds a new subnet has (Yuma 2, later 3), and whether it takes part in emission unasked.
 */
async function equalRules(chain: ScenarioChain): Promise<void> {
  await chain.setStorage([
    [Swap.FeeRate.keyOf(NETUID), U16.encode(33)],
    ...[Networks.Burn, Networks.MinBurn, Networks.MaxBurn].map(
      (item) => [item.keyOf(NETUID), U64.encode(500_000n)] as const,
    ),
    [Hyperparameters.TargetRegistrationsPerInterval.keyOf(NETUID), U16.encode(100)],
    [Networks.SubnetEmissionEnabled.keyOf(NETUID), Bool.encode(true)],
  ]);
  for (const [name, args] of [
    ["sudo_set_yuma3_enabled", { enabled: true }],
    // Staking before the subnet is started: until then no emission moves the price.
    ["sudo_set_subtoken_enabled", { subtoken_enabled: true }],
    ["sudo_set_commit_reveal_weights_enabled", { enabled: false }],
    ["sudo_set_weights_set_rate_limit", { weights_set_rate_limit: 0n }],
  ] as const)
    await chain.send(OWNER, sudo(name, { netuid: NETUID, ...args }), always);
}

/**
 * Let both kinds of epoch clocks strike in the same blocks: the old one by block number, every tempo + 1 blocks; the
 * new one every tempo blocks from the moment the tempo was set.
 */
async function followTempo(chain: ScenarioChain): Promise<void> {
  const state = await chain.newBlocks(blocksToEpoch(await chain.head(), EPOCH_BLOCKS) - 1);
  const countsBlocks = Hyperparameters.LastEpochBlock.exists(state, NETUID);
  const tempo = countsBlocks ? EPOCH_BLOCKS : EPOCH_BLOCKS - 1;
  // Last of all settings: in the blocks before an epoch the later runtime takes no others.
  await chain.send(OWNER, sudo("sudo_set_tempo", { netuid: NETUID, tempo }), (s) => {
    return Hyperparameters.Tempo.get(s, NETUID) === tempo;
  });
}

/** @throws SubforgeError INTERNAL when no epoch ran in its block */
async function endOfEpoch(chain: ScenarioChain): Promise<Reader> {
  const state = await chain.newBlocks(blocksToEpoch(await chain.head(), EPOCH_BLOCKS));
  if (Hyperparameters.BlocksSinceLastStep.get(state, NETUID) === 0n) return state;
  const what = `no epoch ran in block ${System.Number.get(state)}`;
  throw new SubforgeError("INTERNAL", { what });
}

/** From a block to the next that ends an epoch by the old clock, at least one. */
function blocksToEpoch(block: BlockNumber, length: number): number {
  return length - ((block + NETUID + 2) % length);
}

async function setWeights(chain: ScenarioChain, epoch: number): Promise<void> {
  for (const [i, { hotkey }] of VALIDATORS.entries()) {
    const weights = [65_535, 30_000 - 3_000 * epoch, 10_000 + (i + 1) * 4_000 * epoch];
    const args = { netuid: NETUID, dests: MINER_UIDS, weights, version_key: 0n };
    await chain.send(hotkey, call("set_weights", args), (s) => {
      return Neurons.LastUpdate.get(s, NETUID)[i + 1] === BigInt(System.Number.get(s));
    });
  }
}

function columnsOf(state: Reader): EpochColumns {
  return {
    block: System.Number.get(state),
    incentive: Neurons.Incentive.get(state, NETUID),
    dividends: Neurons.Dividends.get(state, NETUID),
    stakeWeight: Neurons.StakeWeight.get(state, NETUID),
  };
}

function call(name: string, value: object): RuntimeCall {
  return { type: "SubtensorModule", value: { type: name, value } };
}

function sudo(name: string, value: object): RuntimeCall {
  const inner: RuntimeCall = { type: "AdminUtils", value: { type: name, value } };
  return { type: "Sudo", value: { type: "sudo", value: { call: inner } } };
}

function always(): boolean {
  return true;
}
