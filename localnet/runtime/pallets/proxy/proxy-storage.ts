import { enumeration, record, tuple, variant } from "../../../types/composites.ts";
import { U16, U32, U64 } from "../../../types/primitives.ts";
import { AccountId, boundedVec, DispatchResult, H256 } from "../../../types/substrate-types.ts";
import { named, type ValueOf } from "../../../types/type-node.ts";
import { errorsOf } from "../../dsl/errors.ts";
import { eventsOf } from "../../dsl/events.ts";
import { map, storageOf } from "../../dsl/storage.ts";

export const proxyId = { name: "Proxy", index: 16 };

/** What a delegate may do in the name of another. Several are left over and allow nothing. */
export const ProxyType = enumeration("subtensor_runtime_common::ProxyType", {
  Any: variant(0),
  Owner: variant(1),
  NonCritical: variant(2),
  NonTransfer: variant(3),
  Senate: variant(4),
  NonFungible: variant(5),
  Triumvirate: variant(6),
  Governance: variant(7),
  Staking: variant(8),
  Registration: variant(9),
  Transfer: variant(10),
  SmallTransfer: variant(11),
  RootWeights: variant(12),
  ChildKeys: variant(13),
  SudoUncheckedSetCode: variant(14),
  SwapHotkey: variant(15),
  SubnetLeaseBeneficiary: variant(16),
  RootClaim: variant(17),
});
export type ProxyType = ValueOf<typeof ProxyType>;

const Account = named("AccountId", AccountId);
const Block = named("BlockNumber", U32);

const ProxyDefinition = record(
  "pallet_subtensor_proxy::ProxyDefinition",
  { delegate: Account, proxy_type: named("ProxyType", ProxyType), delay: Block },
  { AccountId, ProxyType, BlockNumber: U32 },
);
export type ProxyDefinition = ValueOf<typeof ProxyDefinition>;

const Announcement = record(
  "pallet_subtensor_proxy::Announcement",
  { real: Account, call_hash: named("Hash", H256), height: Block },
  { AccountId, Hash: H256, BlockNumber: U32 },
);
export type Announcement = ValueOf<typeof Announcement>;

const PER_ACCOUNT = [["Twox64Concat", AccountId]] as const;

/** Delegates of an account, and announcements by a delegate, each with what was reserved for them, rao. */
export const ProxyStorage = storageOf(proxyId, {
  Proxies: map(PER_ACCOUNT, tuple(boundedVec(ProxyDefinition), U64), [[], 0n]),
  Announcements: map(PER_ACCOUNT, tuple(boundedVec(Announcement), U64), [[], 0n]),
});

export const errors = errorsOf(proxyId, {
  TooMany: 0,
  NotFound: 1,
  NotProxy: 2,
  Unproxyable: 3,
  Duplicate: 4,
  NoPermission: 5,
  Unannounced: 6,
  NoSelfProxy: 7,
  AnnouncementDepositInvariantViolated: 8,
  InvalidDerivedAccountId: 9,
});

const Type = named("T::ProxyType", ProxyType);
const BlockNumber = named("BlockNumberFor<T>", U32);

export const events = eventsOf(proxyId, {
  ProxyExecuted: variant(0, { result: DispatchResult }),
  PureCreated: variant(1, {
    pure: AccountId,
    who: AccountId,
    proxy_type: Type,
    disambiguation_index: U16,
  }),
  PureKilled: variant(2, {
    pure: AccountId,
    spawner: AccountId,
    proxy_type: Type,
    disambiguation_index: U16,
  }),
  Announced: variant(3, { real: AccountId, proxy: AccountId, call_hash: named("CallHashOf<T>", H256) }),
  ProxyAdded: variant(4, {
    delegator: AccountId,
    delegatee: AccountId,
    proxy_type: Type,
    delay: BlockNumber,
  }),
  ProxyRemoved: variant(5, {
    delegator: AccountId,
    delegatee: AccountId,
    proxy_type: Type,
    delay: BlockNumber,
  }),
});
