import { boundedBytes } from "../../types/substrate-types.ts";
import type { Pallet } from "../dsl/pallet.ts";
import { storageOf, value } from "../dsl/storage.ts";

const id = { name: "MevShield", index: 30 };

/**
 * Keys to which clients encrypt transactions that nobody may see before they are in a block. There never are any here:
 * a client that asks for them learns that it must send in the open.
 */
export const mevShield: Pallet = {
  ...id,
  path: "pallet_shield::pallet",
  storage: storageOf(id, {
    CurrentKey: value(boundedBytes()),
    PendingKey: value(boundedBytes()),
    NextKey: value(boundedBytes()),
  }),
};
