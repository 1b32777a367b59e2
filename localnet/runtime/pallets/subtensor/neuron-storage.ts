import { tuple, vec } from "../../../types/composites.ts";
import { Bool, U16, U32, U64 } from "../../../types/primitives.ts";
import { AccountId, H256 } from "../../../types/substrate-types.ts";
import { map, storageOf, value } from "../../dsl/storage.ts";
import {
  PER_ACCOUNT,
  PER_HOTKEY_AND_SUBNET,
  PER_SUBNET,
  PER_SUBNET_AND_HOTKEY,
  PER_UID,
  ZERO_ACCOUNT,
} from "./storage-keys.ts";
import { subtensorId } from "./subtensor-id.ts";
import { AxonInfo, ChainIdentityV2, NeuronCertificate, PrometheusInfo } from "./subtensor-types.ts";

/** Who is registered and how it is doing. `Incentive`, `LastUpdate`, `Weights` and `Bonds` are per mechanism. */
export const Neurons = storageOf(subtensorId, {
  Uids: map(PER_SUBNET_AND_HOTKEY, U16),
  Keys: map(PER_UID, AccountId, ZERO_ACCOUNT),
  IsNetworkMember: map(PER_HOTKEY_AND_SUBNET, Bool, false),
  BlockAtRegistration: map(PER_UID, U64, 0n),
  Owner: map(PER_ACCOUNT, AccountId, ZERO_ACCOUNT),
  OwnedHotkeys: map(PER_ACCOUNT, vec(AccountId), []),
  StakingHotkeys: map(PER_ACCOUNT, vec(AccountId), []),
  Axons: map(PER_SUBNET_AND_HOTKEY, AxonInfo),
  Prometheus: map(PER_SUBNET_AND_HOTKEY, PrometheusInfo),
  NeuronCertificates: map(PER_SUBNET_AND_HOTKEY, NeuronCertificate),
  Active: map(PER_SUBNET, vec(Bool), []),
  ValidatorPermit: map(PER_SUBNET, vec(Bool), []),
  StakeWeight: map(PER_SUBNET, vec(U16), []),
  Emission: map(PER_SUBNET, vec(U64), []),
  Consensus: map(PER_SUBNET, vec(U16), []),
  Dividends: map(PER_SUBNET, vec(U16), []),
  ValidatorTrust: map(PER_SUBNET, vec(U16), []),
  Incentive: map(PER_SUBNET, vec(U16), []),
  LastUpdate: map(PER_SUBNET, vec(U64), []),
  Weights: map(PER_UID, vec(tuple(U16, U16)), []),
  Bonds: map(PER_UID, vec(tuple(U16, U16)), []),
  IdentitiesV2: map(PER_ACCOUNT, ChainIdentityV2),
  Delegates: map(PER_ACCOUNT, U16, 11_796),
  ChildkeyTake: map(PER_HOTKEY_AND_SUBNET, U16, 0),
  ChildKeys: map(PER_HOTKEY_AND_SUBNET, vec(tuple(U64, AccountId)), []),
  ParentKeys: map(PER_HOTKEY_AND_SUBNET, vec(tuple(U64, AccountId)), []),
  PendingChildKeys: map(PER_SUBNET_AND_HOTKEY, tuple(vec(tuple(U64, AccountId)), U64), [[], 0n]),
  ColdkeySwapAnnouncementDelay: value(U32, 36_000),
  ColdkeySwapReannouncementDelay: value(U32, 7_200),
  ColdkeySwapAnnouncements: map([["Twox64Concat", AccountId]], tuple(U32, H256)),
  ColdkeySwapDisputes: map([["Twox64Concat", AccountId]], U32),
  LastHotkeySwapOnNetuid: map(PER_SUBNET_AND_HOTKEY, U64, 0n),
  PendingChildKeyCooldown: value(U64, 7_200n),
  AutoParentDelegationEnabled: map(PER_ACCOUNT, Bool, true),
  AutoStakeDestination: map(PER_HOTKEY_AND_SUBNET, AccountId),
  AutoStakeDestinationColdkeys: map(PER_HOTKEY_AND_SUBNET, vec(AccountId), []),
});
