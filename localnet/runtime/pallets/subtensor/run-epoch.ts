import type { Netuid, Rao } from "../../../../shared/types.ts";
import type { Reader, Store } from "../../../state/store.ts";
import { runEpoch } from "../../consensus/epoch.ts";
import type { EpochInput, EpochResult } from "../../consensus/epoch-columns.ts";
import { type FoldedEpoch, foldMechanisms, splitEmission } from "../../consensus/mechanisms.ts";
import { packRows, type U16Rows, unpackRow } from "../../consensus/u16-rows.ts";
import type { Account, Context } from "../../dsl/context.ts";
import type { StoredMap } from "../../dsl/storage.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { hotkeysOf } from "./neurons.ts";
import { earliestOpenCommits } from "./open-commits.ts";
import { Stakes } from "./stake-storage.ts";
import { stakeWeight } from "./stake-weight.ts";
import { ownerUid, storageIndexes } from "./subnets.ts";
import { events } from "./subtensor-events.ts";

/** What an epoch earned each hotkey, rao. */
export type HotkeyEmission = { hotkey: Account; server: Rao; validator: Rao };

/** Run the epoch of all mechanisms of a subnet, store what it found, and say who earned what. */
export function runSubnetEpoch(c: Context, netuid: Netuid, emission: Rao): HotkeyEmission[] {
  const { store: s } = c;
  const hotkeys = hotkeysOf(s, netuid);
  const indexes = storageIndexes(s, netuid);
  const split = Hyperparameters.MechanismEmissionSplit.get(s, netuid);
  const parts = splitEmission(indexes.length, split, emission);
  const shared = sharedInput(c, netuid, hotkeys);

  const results = indexes.map((index, mechanism) => {
    const part = parts[mechanism]!;
    const result = runEpoch({ ...shared, emission: part, ...mechanismInput(c, netuid, index, hotkeys) });
    storeMechanism(c, index, result);
    return { part, result };
  });
  const folded = foldMechanisms(results, emission);
  storeSubnet(s, netuid, folded);
  return hotkeys.map((hotkey, uid) => ({
    hotkey,
    server: folded.serverEmission[uid]!,
    validator: folded.validatorEmission[uid]!,
  }));
}

type MechanismInput = "lastUpdate" | "weights" | "bonds" | "earliestOpenCommit";

function sharedInput(
  c: Context,
  netuid: Netuid,
  hotkeys: readonly Account[],
): Omit<EpochInput, MechanismInput | "emission"> {
  const { store: s } = c;
  const h = Hyperparameters;
  const weights = hotkeys.map((hotkey) => stakeWeight(s, hotkey, netuid));
  const [alphaLow, alphaHigh] = h.AlphaValues.get(s, netuid);
  return {
    n: hotkeys.length,
    block: c.block,
    tempo: h.Tempo.get(s, netuid),
    lastMechanismStepBlock: Number(h.LastMechansimStepBlock.get(s, netuid)),
    blockAtRegistration: hotkeys.map((_, uid) => Number(Neurons.BlockAtRegistration.get(s, netuid, uid))),
    alphaStake: weights.map(({ alpha }) => alpha),
    taoStake: weights.map(({ tao }) => tao),
    taoWeight: Stakes.TaoWeight.get(s),
    stakeThreshold: h.StakeThreshold.get(s),
    ownerUid: ownerUid(s, netuid),
    validatorPermits: Neurons.ValidatorPermit.get(s, netuid).map(Number),
    commitRevealEnabled: h.CommitRevealWeightsEnabled.get(s, netuid),
    kappa: h.Kappa.get(s, netuid),
    bondsPenalty: h.BondsPenalty.get(s, netuid),
    alphaLow,
    alphaHigh,
    bondsMovingAverage: h.BondsMovingAverage.get(s, netuid),
    alphaSigmoidSteepness: h.AlphaSigmoidSteepness.get(s, netuid),
    maxAllowedValidators: h.MaxAllowedValidators.get(s, netuid),
    activityCutoffFactor: h.ActivityCutoffFactorMilli.get(s, netuid),
    yuma3: h.Yuma3On.get(s, netuid),
    liquidAlpha: h.LiquidAlphaOn.get(s, netuid),
  };
}

function mechanismInput(
  c: Context,
  netuid: Netuid,
  index: number,
  hotkeys: readonly Account[],
): Pick<EpochInput, MechanismInput> {
  const { store: s } = c;
  const n = hotkeys.length;
  const isCommitted = Hyperparameters.CommitRevealWeightsEnabled.get(s, netuid);
  return {
    lastUpdate: Neurons.LastUpdate.get(s, index).map(Number),
    weights: storedRows(s, Neurons.Weights, index, n),
    bonds: storedRows(s, Neurons.Bonds, index, n),
    earliestOpenCommit: isCommitted ? earliestOpenCommits(c, netuid, index, hotkeys) : [],
  };
}

type StoredRows = StoredMap<[number, number], [number, number][], [number, number][]>;

function storedRows(s: Reader, rows: StoredRows, index: number, n: number): U16Rows {
  return packRows(Array.from({ length: n }, (_, uid) => rows.get(s, index, uid)));
}

function storeMechanism(c: Context, index: number, result: EpochResult): void {
  const { store: s } = c;
  Neurons.Incentive.put(s, index, Array.from(result.incentive));
  for (let uid = 0; uid < result.active.length; uid++) {
    Neurons.Bonds.put(s, index, uid, unpackRow(result.bonds, uid));
  }
  const emissions = Array.from(result.serverEmission);
  c.deposit(events.make.IncentiveAlphaEmittedToMiners({ netuid: index, emissions }));
}

function storeSubnet(s: Store, netuid: Netuid, folded: FoldedEpoch): void {
  Neurons.Active.put(s, netuid, Array.from(folded.active, Boolean));
  Neurons.Emission.put(s, netuid, Array.from(folded.emission));
  Neurons.StakeWeight.put(s, netuid, Array.from(folded.stakeWeight));
  Neurons.Consensus.put(s, netuid, Array.from(folded.consensus));
  Neurons.Dividends.put(s, netuid, Array.from(folded.dividends));
  Neurons.ValidatorTrust.put(s, netuid, Array.from(folded.validatorTrust));
  Neurons.ValidatorPermit.put(s, netuid, Array.from(folded.newPermits, Boolean));
}
