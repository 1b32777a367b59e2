import { tuple } from "../../../types/composites.ts";
import { I64F64, U64F64 } from "../../../types/fixed-point.ts";
import { U16, U64 } from "../../../types/primitives.ts";
import { AccountId } from "../../../types/substrate-types.ts";
import { map, storageOf } from "../../dsl/storage.ts";
import { PER_HOTKEY_AND_SUBNET, PER_SUBNET } from "./storage-keys.ts";
import { subtensorId } from "./subtensor-id.ts";

/** What older versions of the chain kept and clients still ask for. Nothing is ever in it. */
export const Vestiges = storageOf(subtensorId, {
  LastAdjustmentBlock: map(PER_SUBNET, U64, 0n),
  SubnetEmaTaoFlow: map(PER_SUBNET, tuple(U64, I64F64)),
  TotalHotkeyShares: map(PER_HOTKEY_AND_SUBNET, U64F64, 0n),
  Alpha: map(
    [
      ["Blake2128Concat", AccountId],
      ["Blake2128Concat", AccountId],
      ["Identity", U16],
    ],
    U64F64,
    0n,
  ),
});
