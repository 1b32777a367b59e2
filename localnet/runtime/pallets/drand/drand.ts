import { verifyPulse } from "../../../../shared/chain/timelock/beacon.ts";
import { option } from "../../../types/composites.ts";
import { U64 } from "../../../types/primitives.ts";
import { MultiSignature } from "../../../types/substrate-types.ts";
import { named, type ValueOf } from "../../../types/type-node.ts";
import { call, weight } from "../../dsl/calls.ts";
import { type CallContext, ensureRoot } from "../../dsl/context.ts";
import { ensure, errorsOf } from "../../dsl/errors.ts";
import { constant, type Pallet } from "../../dsl/pallet.ts";
import { DEV_BEACON_CONFIG } from "./dev-beacon.ts";
import { drandEvents } from "./drand-events.ts";
import { Drand, drandId } from "./drand-storage.ts";
import { BeaconConfigurationPayload, PulsesPayload } from "./drand-types.ts";
import { addPulse, beaconOf, forgetOldPulses, publishPulses } from "./pulses.ts";

const errors = errorsOf(drandId, {
  NoneValue: 0,
  StorageOverflow: 1,
  DrandConnectionFailure: 2,
  UnverifiedPulse: 3,
  InvalidRoundNumber: 4,
  PulseVerificationError: 5,
});

const signature = option(named("T::Signature", MultiSignature));
const pulsesPayload = named("PulsesPayload<T::Public, BlockNumberFor<T>>", PulsesPayload);
const configPayload = named(
  "BeaconConfigurationPayload<T::Public, BlockNumberFor<T>>",
  BeaconConfigurationPayload,
);

/**
 * The beacon whose rounds open timelocked weights and commitments. The real chain's nodes fetch pulses of drand; here the
 * chain's own beacon publishes them, see `dev-beacon.ts`.
 */
export const drand: Pallet = {
  ...drandId,
  path: "pallet_drand::pallet",
  storage: Drand,
  events: drandEvents,
  errors,
  constants: { UnsignedPriority: constant(U64, 1_048_576n), HttpFetchTimeout: constant(U64, 1_000n) },
  calls: {
    // Sent by nodes without a signature. This pool takes none of those, so clients see it refused.
    write_pulse: call({
      index: 0,
      args: { pulses_payload: pulsesPayload, signature },
      weight: weight(4_769_000_000n),
      run(c, { pulses_payload }) {
        ensure(c.origin.kind === "none", { type: "BadOrigin" });
        writePulses(c, pulses_payload);
      },
    }),
    set_beacon_config: call({
      index: 1,
      args: { config_payload: configPayload, signature },
      weight: weight(208_766_000n),
      run(c, { config_payload }) {
        ensureRoot(c.origin);
        Drand.BeaconConfig.put(c.store, config_payload.config);
        Drand.NextUnsignedAt.put(c.store, c.block + 1);
        c.deposit(drandEvents.make.BeaconConfigChanged());
      },
    }),
    set_oldest_stored_round: call({
      index: 2,
      args: { oldest_round: U64 },
      weight: weight(105_370_000n),
      run(c, { oldest_round }) {
        ensureRoot(c.origin);
        Drand.OldestStoredRound.put(c.store, oldest_round);
        c.deposit(drandEvents.make.SetOldestStoredRound(oldest_round));
      },
    }),
  },
  genesis: (c) => Drand.BeaconConfig.put(c.store, DEV_BEACON_CONFIG),
  onInitialize: publishPulses,
};

/** A pulse that is not the beacon's is passed over; one that is not newer than the last fails the call. */
function writePulses(c: CallContext, { pulses }: ValueOf<typeof PulsesPayload>): void {
  const { store: s } = c;
  const beacon = beaconOf(s);
  const rounds: bigint[] = [];
  for (const { round, signature: bytes } of pulses) {
    const pulse = { round: Number(round), signature: bytes };
    if (!verifyPulse(beacon, pulse)) continue;
    ensure(round > Drand.LastStoredRound.get(s), errors.is.InvalidRoundNumber);
    addPulse(s, pulse);
    rounds.push(round);
  }
  forgetOldPulses(s, Drand.LastStoredRound.get(s));
  Drand.NextUnsignedAt.put(s, c.block);
  if (rounds.length > 0) c.deposit(drandEvents.make.NewPulse({ rounds }));
}
