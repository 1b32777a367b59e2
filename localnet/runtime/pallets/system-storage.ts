import type { Reader, Store } from "../../state/store.ts";
import { record, variant } from "../../types/composites.ts";
import { U32 } from "../../types/primitives.ts";
import {
  AccountData,
  AccountId,
  Digest,
  DispatchError,
  DispatchEventInfo,
  H256,
} from "../../types/substrate-types.ts";
import { named } from "../../types/type-node.ts";
import { errorsOf } from "../dsl/errors.ts";
import { eventsOf } from "../dsl/events.ts";
import { map, storageOf, value } from "../dsl/storage.ts";

export const systemId = { name: "System", index: 0 };

const ZERO_HASH = `0x${"00".repeat(32)}` as const;

/** Blocks whose hash is kept: the oldest a mortal era can begin at. */
export const BLOCK_HASH_COUNT = 2_400;

/** Bit 127: this account's balances are of the current layout. Every account has it. */
const NEW_LAYOUT = 1n << 127n;

const AccountInfo = record(
  "frame_system::AccountInfo",
  {
    nonce: named("Nonce", U32),
    consumers: named("RefCount", U32),
    providers: named("RefCount", U32),
    sufficients: named("RefCount", U32),
    data: named("AccountData", AccountData),
  },
  { Nonce: U32, AccountData },
);

/** Storage that other pallets read, too. `Events` is not here: its type needs all pallets. */
export const System = storageOf(systemId, {
  Account: map([["Blake2128Concat", AccountId]], AccountInfo, {
    nonce: 0,
    consumers: 0,
    providers: 0,
    sufficients: 0,
    data: { free: 0n, reserved: 0n, frozen: 0n, flags: NEW_LAYOUT },
  }),
  ExtrinsicCount: value(U32),
  BlockHash: map([["Twox64Concat", U32]], H256, ZERO_HASH),
  Number: value(U32, 0),
  ParentHash: value(H256, ZERO_HASH),
  Digest: value(Digest, { logs: [] }),
  EventCount: value(U32, 0),
});

/** Where the real runtime keeps the number of the extrinsic that is being applied: ":extrinsic_index". */
const EXTRINSIC_INDEX_KEY = "0x3a65787472696e7369635f696e646578";

/** Number of the extrinsic that is being applied, 0 outside of one. */
export function extrinsicIndex(s: Reader): number {
  const bytes = s.get(EXTRINSIC_INDEX_KEY);
  return bytes === undefined ? 0 : U32.decode(bytes);
}

/** @param index - undefined when the block is over */
export function setExtrinsicIndex(s: Store, index: number | undefined): void {
  if (index === undefined) s.delete(EXTRINSIC_INDEX_KEY);
  else s.put(EXTRINSIC_INDEX_KEY, U32.encode(index));
}

export const systemErrors = errorsOf(systemId, {
  InvalidSpecName: 0,
  SpecVersionNeedsToIncrease: 1,
  FailedToExtractRuntimeVersion: 2,
  NonDefaultComposite: 3,
  NonZeroRefCount: 4,
  CallFiltered: 5,
  MultiBlockMigrationsOngoing: 6,
  NothingAuthorized: 7,
  Unauthorized: 8,
});

export const systemEvents = eventsOf(systemId, {
  ExtrinsicSuccess: variant(0, { dispatch_info: DispatchEventInfo }),
  ExtrinsicFailed: variant(1, { dispatch_error: DispatchError, dispatch_info: DispatchEventInfo }),
  NewAccount: variant(3, { account: AccountId }),
  KilledAccount: variant(4, { account: AccountId }),
  Remarked: variant(5, { sender: AccountId, hash: H256 }),
});
