import type { PalletSource } from "./dsl/pallet.ts";
import { adminUtils } from "./pallets/admin-utils/admin-utils.ts";
import { createAura } from "./pallets/aura.ts";
import { balances } from "./pallets/balances.ts";
import { commitments } from "./pallets/commitments.ts";
import { createCrowdloan } from "./pallets/crowdloan.ts";
import { drand } from "./pallets/drand/drand.ts";
import { mevShield } from "./pallets/mev-shield.ts";
import { createProxy } from "./pallets/proxy/proxy.ts";
import { subtensor } from "./pallets/subtensor/subtensor.ts";
import { createSudo } from "./pallets/sudo.ts";
import { swapPallet } from "./pallets/swap-pallet.ts";
import { createSystem } from "./pallets/system.ts";
import { createTimestamp } from "./pallets/timestamp.ts";
import { createTransactionPayment } from "./pallets/transaction-payment.ts";
import { createUtility } from "./pallets/utility.ts";

/** How fast this chain runs. A client reads it from the metadata. */
export type ChainSpeed = {
  /** Milliseconds between blocks: 12,000 on the real chain, 250 on its fast development form. */
  slotMs: number;
};

/** The pallets of this chain. Their hooks run in the order of their index. */
export function createPallets({ slotMs }: ChainSpeed): PalletSource[] {
  return [
    createSystem,
    createTimestamp(slotMs),
    createAura(slotMs),
    balances,
    createTransactionPayment,
    subtensor,
    createUtility,
    createSudo,
    createProxy,
    commitments,
    adminUtils,
    drand,
    createCrowdloan,
    swapPallet,
    mevShield,
  ];
}
