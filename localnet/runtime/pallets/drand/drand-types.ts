import { enumeration, record, variant, vec } from "../../../types/composites.ts";
import { fixedBytes, U32, U64 } from "../../../types/primitives.ts";
import { boundedBytes } from "../../../types/substrate-types.ts";
import { named, type ValueOf } from "../../../types/type-node.ts";

const Hash = named("BoundedHash", boundedBytes());
const RoundNumber = named("RoundNumber", U64);

/** What the chain knows of the beacon it listens to. Times are seconds. */
export const BeaconConfiguration = record("pallet_drand::types::BeaconConfiguration", {
  public_key: named("OpaquePublicKey", boundedBytes()),
  period: U32,
  genesis_time: U32,
  hash: Hash,
  group_hash: Hash,
  scheme_id: Hash,
  metadata: record("pallet_drand::types::Metadata", { beacon_id: Hash }),
});
export type BeaconConfiguration = ValueOf<typeof BeaconConfiguration>;

export const Pulse = record("pallet_drand::types::Pulse", {
  round: RoundNumber,
  randomness: named("BoundedVec<u8, ConstU32<32>>", boundedBytes()),
  signature: named("BoundedVec<u8, ConstU32<144>>", boundedBytes()),
});

export const Rounds = named("Vec<RoundNumber>", vec(RoundNumber));

const MultiSigner = enumeration("sp_runtime::MultiSigner", {
  Ed25519: variant(0, [named("ed25519::Public", fixedBytes(32))]),
  Sr25519: variant(1, [named("sr25519::Public", fixedBytes(32))]),
  Ecdsa: variant(2, [named("ecdsa::Public", fixedBytes(33))]),
});
const PAYLOAD_PARAMS = { Public: MultiSigner, BlockNumber: U32 };

export const PulsesPayload = record(
  "pallet_drand::types::PulsesPayload",
  {
    block_number: named("BlockNumber", U32),
    pulses: named("Vec<Pulse>", vec(Pulse)),
    public: named("Public", MultiSigner),
  },
  PAYLOAD_PARAMS,
);

export const BeaconConfigurationPayload = record(
  "pallet_drand::types::BeaconConfigurationPayload",
  {
    block_number: named("BlockNumber", U32),
    config: BeaconConfiguration,
    public: named("Public", MultiSigner),
  },
  PAYLOAD_PARAMS,
);
