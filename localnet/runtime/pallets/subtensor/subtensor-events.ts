import { variant, vec } from "../../../types/composites.ts";
import { Bool, I16, U8, U16, U64 } from "../../../types/primitives.ts";
import { AccountId } from "../../../types/substrate-types.ts";
import { named } from "../../../types/type-node.ts";
import { eventsOf } from "../../dsl/events.ts";
import { subtensorId } from "./subtensor-id.ts";
import { AlphaBalance, NetUid, StorageIndex, TaoBalance } from "./subtensor-types.ts";

/** What this pallet tells the world. The fields of `StakeAdded`: coldkey, hotkey, TAO, alpha, netuid, fee. */
export const events = eventsOf(subtensorId, {
  NetworkAdded: variant(0, [NetUid, U16]),
  StakeAdded: variant(2, [AccountId, AccountId, TaoBalance, AlphaBalance, NetUid, U64]),
  StakeRemoved: variant(3, [AccountId, AccountId, TaoBalance, AlphaBalance, NetUid, U64]),
  WeightsSet: variant(5, [StorageIndex, U16]),
  NeuronRegistered: variant(6, [NetUid, U16, AccountId]),
  MaxAllowedUidsSet: variant(9, [NetUid, U16]),
  ActivityCutoffSet: variant(15, [NetUid, U16]),
  RhoSet: variant(16, [NetUid, U16]),
  AlphaSigmoidSteepnessSet: variant(17, [NetUid, I16]),
  KappaSet: variant(18, [NetUid, U16]),
  MinAllowedWeightSet: variant(19, [NetUid, U16]),
  WeightsSetRateLimitSet: variant(22, [NetUid, U64]),
  ImmunityPeriodSet: variant(23, [NetUid, U16]),
  BondsMovingAverageSet: variant(24, [NetUid, U64]),
  BondsPenaltySet: variant(25, [NetUid, U16]),
  MaxAllowedValidatorsSet: variant(27, [NetUid, U16]),
  AxonServed: variant(28, [NetUid, AccountId]),
  WeightsVersionKeySet: variant(32, [NetUid, U64]),
  ServingRateLimitSet: variant(35, [NetUid, U64]),
  MaxBurnSet: variant(37, [NetUid, TaoBalance]),
  MinBurnSet: variant(38, [NetUid, TaoBalance]),
  MaxEpochsPerBlockSet: variant(39, [U8]),
  AdminFreezeWindowSet: variant(43, [U16]),
  OwnerHyperparamRateLimitSet: variant(44, [U16]),
  RegistrationAllowed: variant(50, [NetUid, Bool]),
  TempoSet: variant(52, [NetUid, U16]),
  RAORecycledForRegistrationSet: variant(53, [NetUid, TaoBalance]),
  StakeThresholdSet: variant(54, [U64]),
  SubnetOwnerCutSet: variant(57, [U16]),
  NetworkRateLimitSet: variant(58, [U64]),
  StartCallDelaySet: variant(60, [U64]),
  NetworkMinLockCostSet: variant(61, [TaoBalance]),
  NetworkLockCostReductionIntervalSet: variant(63, [U64]),
  SubnetOwnerHotkeySet: variant(94, [NetUid, AccountId]),
  FirstEmissionBlockNumberSet: variant(95, [NetUid, U64]),
  CommitRevealEnabled: variant(101, [NetUid, Bool]),
  AutoStakeAdded: variant(109, {
    netuid: NetUid,
    destination: AccountId,
    hotkey: AccountId,
    owner: AccountId,
    incentive: AlphaBalance,
  }),
  IncentiveAlphaEmittedToMiners: variant(110, {
    netuid: StorageIndex,
    emissions: named("Vec<AlphaBalance>", vec(U64)),
  }),
  MinAllowedUidsSet: variant(111, [NetUid, U16]),
  MinNonImmuneUidsSet: variant(113, [NetUid, U16]),
  EpochDeferred: variant(132, { netuid: NetUid, from_block: U64, to_block: U64 }),
  EpochSkipped: variant(133, { netuid: NetUid, block: U64 }),
});
