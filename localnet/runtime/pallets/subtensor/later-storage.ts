import { enumeration, variant } from "../../../types/composites.ts";
import { U16 } from "../../../types/primitives.ts";
import { map, storageOf } from "../../dsl/storage.ts";
import { PER_SUBNET } from "./storage-keys.ts";
import { subtensorId } from "./subtensor-id.ts";

const EpochConsensus = enumeration("pallet_subtensor::pallet::EpochConsensus", {
  Yuma: variant(0),
  Null: variant(1),
});

/**
 * What later versions of the chain switch on per subnet, and clients made for them look up before they register or
 * set weights. Nothing writes it, so it always says that the subnet works as this version does: the whole price is
 * burned, and Yuma decides.
 */
export const LaterRules = storageOf(subtensorId, {
  CollateralLockShare: map(PER_SUBNET, U16, 0),
  SubnetEpochConsensus: map(PER_SUBNET, EpochConsensus, { type: "Yuma" }),
});
