import type { PalletSource } from "./dsl/pallet.ts";
import { balances } from "./pallets/balances.ts";

/** The pallets of this chain. Their order in a block is that of their index. */
export const PALLETS: readonly PalletSource[] = [balances];
