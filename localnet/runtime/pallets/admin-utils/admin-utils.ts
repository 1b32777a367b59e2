import type { Pallet } from "../../dsl/pallet.ts";
import { adminEvents } from "./admin-events.ts";
import { chainSetters } from "./chain-setters.ts";
import { membershipSetters } from "./membership-setters.ts";
import { rootSetters } from "./root-setters.ts";
import { scoringSetters } from "./scoring-setters.ts";
import { adminErrors, adminUtilsId } from "./setter.ts";
import { structureSetters } from "./structure-setters.ts";
import { vestigialSetters } from "./vestigial-setters.ts";

/** Parameters of subnets and of the chain, set by owners and by root. */
export const adminUtils: Pallet = {
  ...adminUtilsId,
  path: "pallet_admin_utils::pallet",
  calls: {
    ...scoringSetters,
    ...membershipSetters,
    ...structureSetters,
    ...rootSetters,
    ...chainSetters,
    ...vestigialSetters,
  },
  events: adminEvents,
  errors: adminErrors,
};
