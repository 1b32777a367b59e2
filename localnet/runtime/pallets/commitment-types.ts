import { enumeration, record, type VariantSpec, variant } from "../../types/composites.ts";
import { fixedBytes, U32, U64 } from "../../types/primitives.ts";
import { boundedBytes, boundedVec } from "../../types/substrate-types.ts";
import { named, type ValueOf } from "../../types/type-node.ts";

/** Longest raw field that has a variant of its own. */
const MAX_RAW = 128;

/**
 * One field of a commitment: bytes as they are in `Raw0`..`Raw128` and `BigRaw`, the hash of something, or something
 * that opens later.
 */
export const CommitmentField = enumeration("pallet_commitments::types::Data", fieldVariants());
export type CommitmentField = ValueOf<typeof CommitmentField>;

/** What a field holds that opens later, undefined for every other kind. */
export function timelockedOf({
  type,
  value,
}: CommitmentField): { encrypted: Uint8Array; reveal_round: bigint } | undefined {
  return type === "TimelockEncrypted"
    ? (value as { encrypted: Uint8Array; reveal_round: bigint })
    : undefined;
}

export const CommitmentInfo = record(
  "pallet_commitments::types::CommitmentInfo",
  { fields: named("BoundedVec<Data, FieldLimit>", boundedVec(CommitmentField)) },
  { FieldLimit: undefined },
);
export type CommitmentInfo = ValueOf<typeof CommitmentInfo>;

export const Registration = record(
  "pallet_commitments::types::Registration",
  {
    deposit: named("Balance", U64),
    block: named("BlockNumber", U32),
    info: named("CommitmentInfo<MaxFields>", CommitmentInfo),
  },
  { Balance: U64, MaxFields: undefined, BlockNumber: U32 },
);

export const UsageTracker = record("pallet_commitments::types::UsageTracker", {
  last_epoch: U64,
  used_space: U64,
});

function fieldVariants(): Record<string, VariantSpec> {
  const raw = Array.from({ length: MAX_RAW + 1 }, (_, length): [string, VariantSpec] => [
    `Raw${length}`,
    variant(length + 1, [fixedBytes(length)]),
  ]);
  const variants: [string, VariantSpec][] = [
    ["None", variant(0)],
    ...raw,
    ["BlakeTwo256", variant(130, [fixedBytes(32)])],
    ["Sha256", variant(131, [fixedBytes(32)])],
    ["Keccak256", variant(132, [fixedBytes(32)])],
    ["ShaThree256", variant(133, [fixedBytes(32)])],
    ["TimelockEncrypted", variant(134, { encrypted: boundedBytes(), reveal_round: U64 })],
    ["ResetBondsFlag", variant(135)],
    ["BigRaw", variant(136, [boundedBytes()])],
  ];
  return Object.fromEntries(variants.map(([name, spec]) => [name, withoutTypeNames(spec)]));
}

/** The real enum describes itself by hand and names no types. */
function withoutTypeNames(spec: VariantSpec): VariantSpec {
  return { ...spec, shapes: spec.shapes.map((shape) => ({ ...shape, typeName: undefined })) };
}
