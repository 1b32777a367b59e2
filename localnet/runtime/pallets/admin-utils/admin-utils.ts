import type { Pallet } from "../../dsl/pallet.ts";
import { adminEvents } from "./admin-events.ts";
import { membershipSetters } from "./membership-setters.ts";
import { rootSetters } from "./root-setters.ts";
import { scoringSetters } from "./scoring-setters.ts";
import { adminErrors, adminUtilsId } from "./setter.ts";

/** Parameters of subnets and of the chain, set by owners and by root. */
export const adminUtils: Pallet = {
  ...adminUtilsId,
  path: "pallet_admin_utils::pallet",
  calls: { ...scoringSetters, ...membershipSetters, ...rootSetters },
  events: adminEvents,
  errors: adminErrors,
};
