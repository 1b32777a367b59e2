import type { Validity, VersionInfo } from "../engine.ts";
import type { Invalidity } from "../runtime/dsl/invalid-transaction.ts";
import { toVersionInfo } from "../runtime/version.ts";
import { enumeration, record, result, Unit, variant, vec } from "../types/composites.ts";
import { bytesToHex } from "../types/hex.ts";
import { Bool, Bytes, Str, U8, U64 } from "../types/primitives.ts";
import { RuntimeVersion } from "../types/substrate-types.ts";
import type { ValueOf } from "../types/type-node.ts";

/*
 * What a runtime answers to its host, as SCALE. Source: polkadot-sdk, sp-runtime (transaction_validity.rs),
 * sp-version, sp-genesis-builder.
 */

const InvalidTransaction = enumeration("InvalidTransaction", {
  Call: variant(0),
  Payment: variant(1),
  Future: variant(2),
  Stale: variant(3),
  BadProof: variant(4),
  AncientBirthBlock: variant(5),
  ExhaustsResources: variant(6),
  Custom: variant(7, [U8]),
  BadMandatory: variant(8),
  MandatoryValidation: variant(9),
  BadSigner: variant(10),
  IndeterminateImplicit: variant(11),
  UnknownOrigin: variant(12),
});

const UnknownTransaction = enumeration("UnknownTransaction", {
  CannotLookup: variant(0),
  NoUnsignedValidator: variant(1),
  Custom: variant(2, [U8]),
});

const TransactionValidityError = enumeration("TransactionValidityError", {
  Invalid: variant(0, [InvalidTransaction]),
  Unknown: variant(1, [UnknownTransaction]),
});
type TransactionValidityError = ValueOf<typeof TransactionValidityError>;

const ValidTransaction = record("ValidTransaction", {
  priority: U64,
  requires: vec(Bytes),
  provides: vec(Bytes),
  longevity: U64,
  propagate: Bool,
});

const TransactionValidity = result(ValidTransaction, TransactionValidityError);
const GenesisResult = result(Unit, Str);

/** Answer of `GenesisBuilder_build_state`. @returns why not, undefined when it worked */
export function genesisProblem(answer: Uint8Array): string | undefined {
  const decoded = GenesisResult.decode(answer);
  return decoded.type === "Err" ? decoded.value : undefined;
}

/** Answer of `Core_version`. */
export function readVersion(answer: Uint8Array): VersionInfo {
  return toVersionInfo(RuntimeVersion.decode(answer));
}

/** Answer of `TaggedTransactionQueue_validate_transaction`. */
export function readValidity(answer: Uint8Array): Validity {
  const decoded = TransactionValidity.decode(answer);
  if (decoded.type === "Err") return { ok: false, invalidity: toInvalidity(decoded.value) };
  const { priority, requires, provides, longevity } = decoded.value;
  const tag = (bytes: Uint8Array) => bytesToHex(bytes).slice(2);
  return {
    ok: true,
    priority,
    requires: requires.map(tag),
    provides: provides.map(tag),
    longevity: Number(longevity), // u64::MAX for an immortal one: beyond every block number either way
  };
}

/** The error inside an answer of `BlockBuilder_apply_extrinsic`, behind its first byte. */
export function readInvalidity(error: Uint8Array): Invalidity {
  return toInvalidity(TransactionValidityError.decode(error));
}

/** What the pool has no words for is told by the nearest it has. */
function toInvalidity({ type, value }: TransactionValidityError): Invalidity {
  if (type === "Unknown") return value.type === "Custom" ? { custom: value.value } : "CannotLookup";
  if (value.type === "Custom") return { custom: value.value };
  if (value.type === "BadMandatory" || value.type === "MandatoryValidation") return "Call";
  if (value.type === "IndeterminateImplicit") return "BadProof";
  return value.type === "UnknownOrigin" ? "BadSigner" : value.type;
}
