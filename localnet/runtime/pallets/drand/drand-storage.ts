import { U32, U64 } from "../../../types/primitives.ts";
import { map, storageOf, value } from "../../dsl/storage.ts";
import { QUICKNET_CONFIG } from "./dev-beacon.ts";
import { BeaconConfiguration, Pulse, Rounds } from "./drand-types.ts";

export const drandId = { name: "Drand", index: 26 };

/** The beacon, and the pulses of it that the chain has. */
export const Drand = storageOf(drandId, {
  BeaconConfig: value(BeaconConfiguration, QUICKNET_CONFIG),
  Pulses: map([["Blake2128Concat", U64]], Pulse),
  LastStoredRound: value(U64, 0n),
  OldestStoredRound: value(U64, 0n),
  NextUnsignedAt: value(U32, 0),
});

/**
 * What the real chain does not have, and no client is told of: rounds that something on this chain waits for, ascending.
 * It is state, so that it is undone, dumped and loaded with what waits.
 */
export const DrandPrivate = storageOf(drandId, { AwaitedRounds: value(Rounds, []) });
