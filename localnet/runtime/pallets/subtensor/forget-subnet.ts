import type { Netuid } from "../../../../shared/types.ts";
import type { Context } from "../../dsl/context.ts";
import { Commits } from "./commit-storage.ts";
import { Hyperparameters as H } from "./hyperparameter-storage.ts";
import { Networks } from "./network-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { hotkeysOf } from "./neurons.ts";
import { Stakes } from "./stake-storage.ts";
import { storageIndexes } from "./subnets.ts";
import { events } from "./subtensor-events.ts";
import { Vestiges } from "./vestigial-storage.ts";

/** Values by netuid that end with a subnet. What is not here outlives it, as on chain. */
const PER_SUBNET = [
  Networks.SubnetOwner,
  Networks.SubnetworkN,
  Networks.NetworksAdded,
  Networks.NetworkRegisteredAt,
  Neurons.Active,
  Neurons.Emission,
  Neurons.Consensus,
  Neurons.Dividends,
  Neurons.ValidatorPermit,
  Neurons.ValidatorTrust,
  Neurons.StakeWeight,
  H.Tempo,
  H.Kappa,
  H.Difficulty,
  H.MaxAllowedUids,
  H.ImmunityPeriod,
  H.ActivityCutoff,
  H.ActivityCutoffFactorMilli,
  H.LastEpochBlock,
  H.PendingEpochAt,
  H.SubnetEpochIndex,
  H.MinAllowedWeights,
  Networks.RegistrationsThisInterval,
  Stakes.SubnetAlphaInEmission,
  Stakes.SubnetAlphaOutEmission,
  Stakes.SubnetTaoInEmission,
  Stakes.SubnetVolume,
  Stakes.SubnetMovingPrice,
  Stakes.SubnetExcessTao,
  Stakes.SubnetRootSellTao,
  Vestiges.SubnetEmaTaoFlow,
  Vestiges.LastAdjustmentBlock,
  Networks.TokenSymbol,
  Networks.SubnetMechanism,
  Networks.SubnetOwnerHotkey,
  Networks.NetworkRegistrationAllowed,
  Networks.NetworkPowRegistrationAllowed,
  H.TransferToggle,
  Networks.SubnetLocked,
  Networks.FirstEmissionBlockNumber,
  Stakes.PendingValidatorEmission,
  Stakes.PendingServerEmission,
  Stakes.PendingRootAlphaDivs,
  Stakes.PendingOwnerCut,
  Stakes.MinerBurned,
  H.BlocksSinceLastStep,
  H.LastMechansimStepBlock,
  H.ServingRateLimit,
  H.Rho,
  H.AlphaSigmoidSteepness,
  H.MaxAllowedValidators,
  H.BondsMovingAverage,
  H.BondsPenalty,
  H.BondsResetOn,
  H.WeightsSetRateLimit,
  H.ScalingLawPower,
  H.TargetRegistrationsPerInterval,
  H.CommitRevealWeightsEnabled,
  Networks.BurnHalfLife,
  Networks.BurnIncreaseMult,
  Networks.Burn,
  Networks.MinBurn,
  Networks.MaxBurn,
  H.MinDifficulty,
  H.MaxDifficulty,
  Networks.RegistrationsThisBlock,
  Stakes.EMAPriceHalvingBlocks,
  Networks.RAORecycledForRegistration,
  H.MaxRegistrationsPerBlock,
  H.WeightsVersionKey,
  H.LiquidAlphaOn,
  H.Yuma3On,
  H.AlphaValues,
  Networks.SubtokenEnabled,
  H.ImmuneOwnerUidsLimit,
  H.RevealPeriodEpochs,
  H.MechanismEmissionSplit,
] as const;

/** Values by netuid and something else. */
const BEHIND_SUBNET = [
  Neurons.Uids,
  Neurons.Keys,
  Neurons.BlockAtRegistration,
  Neurons.Axons,
  Neurons.NeuronCertificates,
  Neurons.Prometheus,
  Stakes.AlphaDividendsPerSubnet,
  Neurons.PendingChildKeys,
  Neurons.LastHotkeySwapOnNetuid,
] as const;

/** Values by hotkey and netuid. */
const BEHIND_HOTKEY = [
  Neurons.ChildkeyTake,
  Neurons.ChildKeys,
  Neurons.ParentKeys,
  Stakes.TotalHotkeyAlphaLastEpoch,
] as const;

/** Values by storage index of a mechanism. */
const PER_MECHANISM = [Neurons.LastUpdate, Neurons.Incentive] as const;
const BEHIND_MECHANISM = [
  Neurons.Bonds,
  Neurons.Weights,
  Commits.WeightCommits,
  Commits.TimelockedWeightCommits,
] as const;

/** Drop what is stored about a subnet, so that its number can be given away. */
export function forgetSubnet(c: Context, netuid: Netuid): void {
  const { store: s } = c;
  for (const hotkey of hotkeysOf(s, netuid)) Neurons.IsNetworkMember.remove(s, hotkey, netuid);
  for (const index of storageIndexes(s, netuid)) {
    for (const item of PER_MECHANISM) item.remove(s, index);
    for (const item of BEHIND_MECHANISM) item.clear(s, index);
  }
  H.MechanismCountCurrent.remove(s, netuid);
  for (const item of PER_SUBNET) item.remove(s, netuid);
  for (const item of BEHIND_SUBNET) item.clear(s, netuid);
  for (const item of BEHIND_HOTKEY) {
    for (const [[hotkey, at]] of [...item.entries(s)]) if (at === netuid) item.remove(s, hotkey, netuid);
  }
  for (const [[key, at, kind]] of [...H.TransactionKeyLastBlock.entries(s)]) {
    if (at === netuid) H.TransactionKeyLastBlock.remove(s, key, netuid, kind);
  }
  Networks.TotalNetworks.mutate(s, (count) => count - 1);
  if (Networks.SubnetIdentitiesV3.exists(s, netuid)) {
    Networks.SubnetIdentitiesV3.remove(s, netuid);
    c.deposit(events.make.SubnetIdentityRemoved(netuid));
  }
}
