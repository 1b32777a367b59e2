import type { Hex } from "../../../../shared/types.ts";
import { U16 } from "../../../types/primitives.ts";
import { AccountId } from "../../../types/substrate-types.ts";
import type { HashedKey } from "../../dsl/storage.ts";

export const ZERO_ACCOUNT: Hex = `0x${"00".repeat(32)}`;

const netuid = ["Identity", U16] as const satisfies HashedKey<number>;
const uid = ["Identity", U16] as const satisfies HashedKey<number>;
const account = ["Blake2128Concat", AccountId] as const satisfies HashedKey<Hex>;

/** By netuid; where the item is per mechanism, by storage index. */
export const PER_SUBNET = [netuid] as const;
export const PER_UID = [netuid, uid] as const;
export const PER_ACCOUNT = [account] as const;
export const PER_SUBNET_AND_HOTKEY = [netuid, account] as const;
export const PER_HOTKEY_AND_SUBNET = [account, netuid] as const;
