import { variant } from "../../../types/composites.ts";
import { U64 } from "../../../types/primitives.ts";
import { eventsOf } from "../../dsl/events.ts";
import { drandId } from "./drand-storage.ts";
import { Rounds } from "./drand-types.ts";

export const drandEvents = eventsOf(drandId, {
  BeaconConfigChanged: variant(0),
  NewPulse: variant(1, { rounds: Rounds }),
  SetOldestStoredRound: variant(2, [U64]),
});
