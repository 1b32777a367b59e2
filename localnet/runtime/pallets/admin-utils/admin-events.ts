import { variant } from "../../../types/composites.ts";
import { U64F64 } from "../../../types/fixed-point.ts";
import { Bool, U16 } from "../../../types/primitives.ts";
import { eventsOf } from "../../dsl/events.ts";
import { NetUid } from "../subtensor/subtensor-types.ts";
import { adminUtilsId } from "./setter.ts";

/** Changes that this pallet tells itself; the others are told by the pallet they concern. */
export const adminEvents = eventsOf(adminUtilsId, {
  Yuma3EnableToggled: variant(1, { netuid: NetUid, enabled: Bool }),
  BondsResetToggled: variant(2, { netuid: NetUid, enabled: Bool }),
  BurnHalfLifeSet: variant(3, { netuid: NetUid, burn_half_life: U16 }),
  BurnIncreaseMultSet: variant(4, { netuid: NetUid, burn_increase_mult: U64F64 }),
  SubnetEmissionEnabledSet: variant(5, { netuid: NetUid, enabled: Bool }),
});
