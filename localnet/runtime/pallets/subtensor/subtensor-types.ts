import { btreeSet } from "../../../types/btree.ts";
import { enumeration, record, variant } from "../../../types/composites.ts";
import { Bytes, I64, U8, U16, U32, U64, U128 } from "../../../types/primitives.ts";
import { AccountId, boundedBytes } from "../../../types/substrate-types.ts";
import { named, type ValueOf } from "../../../types/type-node.ts";

/** Names under which fields have their numbers. In the registry they are plain integers. */
export const NetUid = named("NetUid", U16);
export const StorageIndex = named("NetUidStorageIndex", U16);
/** rao. */
export const TaoBalance = named("TaoBalance", U64);
export const AlphaBalance = named("AlphaBalance", U64);

export const AxonInfo = record("pallet_subtensor::pallet::AxonInfo", {
  block: U64,
  version: U32,
  ip: U128,
  port: U16,
  ip_type: U8,
  protocol: U8,
  placeholder1: U8,
  placeholder2: U8,
});
export type AxonInfo = ValueOf<typeof AxonInfo>;

export const PrometheusInfo = record("pallet_subtensor::pallet::PrometheusInfo", {
  block: U64,
  version: U32,
  ip: U128,
  port: U16,
  ip_type: U8,
});

export type PrometheusInfo = ValueOf<typeof PrometheusInfo>;

export const NeuronCertificate = record("pallet_subtensor::pallet::NeuronCertificate", {
  public_key: named("BoundedVec<u8, ConstU32<64>>", boundedBytes()),
  algorithm: U8,
});
export type NeuronCertificate = ValueOf<typeof NeuronCertificate>;

export const ChainIdentityV2 = record("pallet_subtensor::pallet::ChainIdentityV2", {
  name: Bytes,
  url: Bytes,
  github_repo: Bytes,
  image: Bytes,
  discord: Bytes,
  description: Bytes,
  additional: Bytes,
});
export type ChainIdentityV2 = ValueOf<typeof ChainIdentityV2>;

export const SubnetIdentityV3 = record("pallet_subtensor::pallet::SubnetIdentityV3", {
  subnet_name: Bytes,
  github_repo: Bytes,
  subnet_contact: Bytes,
  subnet_url: Bytes,
  discord: Bytes,
  description: Bytes,
  logo_url: Bytes,
  additional: Bytes,
});
export type SubnetIdentityV3 = ValueOf<typeof SubnetIdentityV3>;

/** A share of stake: `mantissa * 10^exponent`. */
export const SafeFloat = record("share_pool::SafeFloat", { mantissa: U128, exponent: I64 });

export const RootClaimType = enumeration("pallet_subtensor::pallet::RootClaimTypeEnum", {
  Swap: variant(0),
  Keep: variant(1),
  KeepSubnets: variant(2, { subnets: named("BTreeSet<NetUid>", btreeSet(U16)) }),
});

export type RootClaimType = ValueOf<typeof RootClaimType>;

/** What happens to the miner emission of a subnet's owner. */
export const RecycleOrBurn = enumeration("pallet_subtensor::pallet::RecycleOrBurnEnum", {
  Burn: variant(0),
  Recycle: variant(1),
});

/** Parameters whose change by the owner is limited, each on its own. */
export const Hyperparameter = enumeration("pallet_subtensor::utils::rate_limiting::Hyperparameter", {
  Unknown: variant(0),
  ServingRateLimit: variant(1),
  MaxDifficulty: variant(2),
  AdjustmentAlpha: variant(3),
  MaxWeightLimit: variant(4),
  ImmunityPeriod: variant(5),
  MinAllowedWeights: variant(6),
  Kappa: variant(7),
  Rho: variant(8),
  ActivityCutoff: variant(9),
  PowRegistrationAllowed: variant(10),
  MinBurn: variant(11),
  MaxBurn: variant(12),
  BondsMovingAverage: variant(13),
  BondsPenalty: variant(14),
  CommitRevealEnabled: variant(15),
  LiquidAlphaEnabled: variant(16),
  AlphaValues: variant(17),
  WeightCommitInterval: variant(18),
  TransferEnabled: variant(19),
  AlphaSigmoidSteepness: variant(20),
  Yuma3Enabled: variant(21),
  BondsResetEnabled: variant(22),
  ImmuneNeuronLimit: variant(23),
  RecycleOrBurn: variant(24),
  MaxAllowedUids: variant(25),
  BurnHalfLife: variant(26),
  BurnIncreaseMult: variant(27),
  SubnetEmissionEnabled: variant(28),
  MinChildkeyTake: variant(29),
  ActivityCutoffFactorMilli: variant(30),
  TriggerEpoch: variant(31),
});
export type HyperparameterName = ValueOf<typeof Hyperparameter>["type"];

const BareAccountId = named("AccountId", AccountId);

/** What a rate limit counts. */
export const RateLimitKey = enumeration(
  "pallet_subtensor::RateLimitKey",
  {
    SetSNOwnerHotkey: variant(0, [NetUid]),
    OwnerHyperparamUpdate: variant(1, [NetUid, Hyperparameter]),
    NetworkLastRegistered: variant(2),
    LastTxBlock: variant(3, [BareAccountId]),
    LastTxBlockChildKeyTake: variant(4, [BareAccountId]),
    LastTxBlockDelegateTake: variant(5, [BareAccountId]),
    AddStakeBurn: variant(6, [NetUid]),
  },
  { AccountId },
);
