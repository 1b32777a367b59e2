import type { Hex } from "../../shared/types.ts";
import {
  type EnumValue,
  enumeration,
  record,
  result,
  tuple,
  Unit,
  variant,
  vec,
  wrapper,
} from "./composites.ts";
import { Bytes, CompactU64, fixedBytes, Str, U8, U32, U64, U128 } from "./primitives.ts";
import { createNode, named, type TypeNode, untyped, type ValueOf } from "./type-node.ts";

/*
 * The types every Substrate chain shares, with the paths and parameters by which clients recognise them.
 */

/** An account as the chain keeps it: its 32 bytes in lower-case hex. SS58 exists only outside. */
export const AccountId: TypeNode<Hex> = named(
  "T::AccountId",
  wrapper("sp_core::crypto::AccountId32", fixedBytes(32)),
);

export const H256: TypeNode<Hex> = named("T::Hash", wrapper("primitive_types::H256", fixedBytes(32)));

/** ref_time in picoseconds, proof_size in bytes. */
export const Weight = record("sp_weights::weight_v2::Weight", {
  ref_time: named("u64", CompactU64),
  proof_size: named("u64", CompactU64),
});
export type Weight = ValueOf<typeof Weight>;

export const DispatchClass = enumeration("frame_support::dispatch::DispatchClass", {
  Normal: variant(0),
  Operational: variant(1),
  Mandatory: variant(2),
});
const Pays = enumeration("frame_support::dispatch::Pays", { Yes: variant(0), No: variant(1) });

const ModuleError = record("sp_runtime::ModuleError", {
  index: U8,
  error: named("[u8; MAX_MODULE_ERROR_ENCODED_SIZE]", fixedBytes(4)),
});

const TOKEN_ERRORS = {
  FundsUnavailable: variant(0),
  OnlyProvider: variant(1),
  BelowMinimum: variant(2),
  CannotCreate: variant(3),
  UnknownAsset: variant(4),
  Frozen: variant(5),
  Unsupported: variant(6),
  CannotCreateHold: variant(7),
  NotExpendable: variant(8),
  Blocked: variant(9),
} as const;

const TRIE_ERRORS = [
  "InvalidStateRoot",
  "IncompleteDatabase",
  "ValueAtIncompleteKey",
  "DecoderError",
  "InvalidHash",
  "DuplicateKey",
  "ExtraneousNode",
  "ExtraneousValue",
  "ExtraneousHashReference",
  "InvalidChildReference",
  "ValueMismatch",
  "IncompleteProof",
  "RootMismatch",
  "DecodeError",
];

export const DispatchError = enumeration("sp_runtime::DispatchError", {
  Other: variant(0),
  CannotLookup: variant(1),
  BadOrigin: variant(2),
  Module: variant(3, [ModuleError]),
  ConsumerRemaining: variant(4),
  NoProviders: variant(5),
  TooManyConsumers: variant(6),
  Token: variant(7, [enumeration("sp_runtime::TokenError", TOKEN_ERRORS)]),
  Arithmetic: variant(8, [
    enumeration("sp_arithmetic::ArithmeticError", {
      Underflow: variant(0),
      Overflow: variant(1),
      DivisionByZero: variant(2),
    }),
  ]),
  Transactional: variant(9, [
    enumeration("sp_runtime::TransactionalError", { LimitReached: variant(0), NoLayer: variant(1) }),
  ]),
  Exhausted: variant(10),
  Corruption: variant(11),
  Unavailable: variant(12),
  RootNotAllowed: variant(13),
  Trie: variant(14, [
    enumeration(
      "sp_runtime::proving_trie::TrieError",
      Object.fromEntries(TRIE_ERRORS.map((name, index) => [name, variant(index)])),
    ),
  ]),
});
export type DispatchError = ValueOf<typeof DispatchError>;

export const DispatchResult = named("DispatchResult", result(Unit, DispatchError));
export type DispatchResult = ValueOf<typeof DispatchResult>;

export const DispatchEventInfo = record("frame_system::DispatchEventInfo", {
  weight: Weight,
  class: DispatchClass,
  pays_fee: Pays,
});
export type DispatchEventInfo = ValueOf<typeof DispatchEventInfo>;

const AccountIndex = createNode(
  Unit.codec,
  { kind: "compact", of: Unit },
  "AccountIndex",
) as TypeNode<undefined>;

const MULTI_ADDRESS = {
  Id: variant(0, [named("AccountId", AccountId)]),
  Index: variant(1, [AccountIndex]),
  Raw: variant(2, [Bytes]),
  Address32: variant(3, [fixedBytes(32)]),
  Address20: variant(4, [fixedBytes(20)]),
} as const;

/** Only `Id` can be looked up on this chain. */
export const MultiAddress: TypeNode<EnumValue<typeof MULTI_ADDRESS>> = named(
  "AccountIdLookupOf<T>",
  enumeration("sp_runtime::multiaddress::MultiAddress", MULTI_ADDRESS, {
    AccountId,
    AccountIndex: Unit,
  }),
);
export type MultiAddress = ValueOf<typeof MultiAddress>;

export const MultiSignature = enumeration("sp_runtime::MultiSignature", {
  Ed25519: variant(0, [named("ed25519::Signature", fixedBytes(64))]),
  Sr25519: variant(1, [named("sr25519::Signature", fixedBytes(64))]),
  Ecdsa: variant(2, [named("ecdsa::Signature", fixedBytes(65))]),
});
export type MultiSignature = ValueOf<typeof MultiSignature>;

export const DigestItem = enumeration("sp_runtime::generic::digest::DigestItem", {
  PreRuntime: variant(6, [named("ConsensusEngineId", fixedBytes(4)), Bytes]),
  Consensus: variant(4, [named("ConsensusEngineId", fixedBytes(4)), Bytes]),
  Seal: variant(5, [named("ConsensusEngineId", fixedBytes(4)), Bytes]),
  Other: variant(0, [Bytes]),
  RuntimeEnvironmentUpdated: variant(8),
});
export type DigestItem = ValueOf<typeof DigestItem>;

export const Digest = record("sp_runtime::generic::digest::Digest", {
  logs: named("Vec<DigestItem>", vec(DigestItem)),
});

const Version = tuple(fixedBytes(8), U32);
const cowStr = named("Cow<'static, str>", cow(Str));

export const RuntimeVersion = record("sp_version::RuntimeVersion", {
  spec_name: cowStr,
  impl_name: cowStr,
  authoring_version: U32,
  spec_version: U32,
  impl_version: U32,
  apis: named("ApisVec", cow(vec(Version))),
  transaction_version: U32,
  system_version: U8,
});
export type RuntimeVersion = ValueOf<typeof RuntimeVersion>;

export const AccountData = record(
  "pallet_balances::types::AccountData",
  {
    free: named("Balance", U64),
    reserved: named("Balance", U64),
    frozen: named("Balance", U64),
    flags: named("ExtraFlags", wrapper("pallet_balances::types::ExtraFlags", U128)),
  },
  { Balance: U64 },
);
export type AccountData = ValueOf<typeof AccountData>;

/** A `BoundedVec<T, S>`: on the wire a `Vec<T>`, whose bound the pallet checks. */
export function boundedVec<T>(of: TypeNode<T>): TypeNode<T[]> {
  const inner = named("Vec<T>", vec(of));
  return wrapper("bounded_collections::bounded_vec::BoundedVec", inner, { T: of, S: undefined });
}

/** A `BoundedVec<u8, S>`. */
export function boundedBytes(): TypeNode<Uint8Array> {
  const inner = named("Vec<T>", Bytes);
  return wrapper("bounded_collections::bounded_vec::BoundedVec", inner, { T: U8, S: undefined });
}

function cow<T>(of: TypeNode<T>): TypeNode<T> {
  return wrapper("Cow", untyped(of), { T: of });
}

/** Who signed, resolved: the account bytes in hex, or undefined for a form this chain cannot look up. */
export function accountOf(address: MultiAddress): Hex | undefined {
  return address.type === "Id" ? address.value : undefined;
}
