import type { Pallet } from "../../dsl/pallet.ts";
import { rootSetters } from "./root-setters.ts";
import { adminErrors, adminUtilsId } from "./setter.ts";
import { adminEvents, ownerSetters } from "./subnet-setters.ts";

/** Parameters of subnets and of the chain, set by owners and by root. */
export const adminUtils: Pallet = {
  ...adminUtilsId,
  path: "pallet_admin_utils::pallet",
  calls: { ...ownerSetters, ...rootSetters },
  events: adminEvents,
  errors: adminErrors,
};
