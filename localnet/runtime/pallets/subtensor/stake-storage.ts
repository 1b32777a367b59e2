import { btreeMap } from "../../../types/btree.ts";
import { I96F32, U96F32 } from "../../../types/fixed-point.ts";
import { U16, U64, U128 } from "../../../types/primitives.ts";
import { AccountId } from "../../../types/substrate-types.ts";
import { map, storageOf, value } from "../../dsl/storage.ts";
import { PER_ACCOUNT, PER_HOTKEY_AND_SUBNET, PER_SUBNET, PER_SUBNET_AND_HOTKEY } from "./storage-keys.ts";
import { subtensorId } from "./subtensor-id.ts";
import { RootClaimType, SafeFloat } from "./subtensor-types.ts";

/** Pools, stake and what is on its way to accounts, rao. `AlphaV2` is the share of a coldkey in the stake of a hotkey. */
export const Stakes = storageOf(subtensorId, {
  TaoWeight: value(U64, 971_718_665_099_567_868n),
  CKBurn: value(U64, 0n),
  TotalStake: value(U64, 0n),
  TotalIssuance: value(U64, 0n),
  BlockEmission: value(U64, 1_000_000_000n),
  SubnetTAO: map(PER_SUBNET, U64, 0n),
  SubnetAlphaIn: map(PER_SUBNET, U64, 0n),
  SubnetAlphaOut: map(PER_SUBNET, U64, 0n),
  SubnetVolume: map(PER_SUBNET, U128, 0n),
  SubnetMovingPrice: map(PER_SUBNET, I96F32, 0n),
  SubnetMovingAlpha: value(I96F32, 12_885n),
  EMAPriceHalvingBlocks: map(PER_SUBNET, U64, 201_600n),
  RootProp: map(PER_SUBNET, U96F32, 0n),
  SubnetTaoInEmission: map(PER_SUBNET, U64, 0n),
  SubnetAlphaInEmission: map(PER_SUBNET, U64, 0n),
  SubnetAlphaOutEmission: map(PER_SUBNET, U64, 0n),
  SubnetRootSellTao: map(PER_SUBNET, U64, 0n),
  SubnetExcessTao: map(PER_SUBNET, U64, 0n),
  SubnetProtocolAlpha: map(PER_SUBNET, U64, 0n),
  MinerBurned: map(PER_SUBNET, U96F32, 0n),
  PendingServerEmission: map(PER_SUBNET, U64, 0n),
  PendingValidatorEmission: map(PER_SUBNET, U64, 0n),
  PendingRootAlphaDivs: map(PER_SUBNET, U64, 0n),
  PendingOwnerCut: map(PER_SUBNET, U64, 0n),
  TotalHotkeyAlpha: map(PER_HOTKEY_AND_SUBNET, U64, 0n),
  TotalHotkeyAlphaLastEpoch: map(PER_HOTKEY_AND_SUBNET, U64, 0n),
  TotalHotkeySharesV2: map(PER_HOTKEY_AND_SUBNET, SafeFloat, { mantissa: 0n, exponent: 0n }),
  AlphaV2: map(
    [
      ["Blake2128Concat", AccountId],
      ["Blake2128Concat", AccountId],
      ["Identity", U16],
    ],
    SafeFloat,
    { mantissa: 0n, exponent: 0n },
  ),
  AlphaDividendsPerSubnet: map(PER_SUBNET_AND_HOTKEY, U64, 0n),
  RootAlphaDividendsPerSubnet: map(PER_SUBNET_AND_HOTKEY, U64, 0n),
  RootClaimable: map(PER_ACCOUNT, btreeMap(U16, I96F32), new Map()),
  RootClaimed: map(
    [
      ["Identity", U16],
      ["Blake2128Concat", AccountId],
      ["Blake2128Concat", AccountId],
    ],
    U128,
    0n,
  ),
  RootClaimType: map(PER_ACCOUNT, RootClaimType, { type: "Swap" }),
  RootClaimableThreshold: map([["Blake2128Concat", U16]], I96F32, 2_147_483_648_000_000n),
  StakingColdkeys: map([["Identity", AccountId]], U64),
  StakingColdkeysByIndex: map([["Identity", U64]], AccountId),
  NumStakingColdkeys: value(U64, 0n),
  NumRootClaim: value(U64, 5n),
  NominatorMinRequiredStake: value(U64, 0n),
  LastColdkeyHotkeyStakeBlock: map(
    [
      ["Twox64Concat", AccountId],
      ["Twox64Concat", AccountId],
    ],
    U64,
  ),
});
