import { enumeration, option, record, tuple, Unit, variant, wrapper } from "../types/composites.ts";
import { Era } from "../types/era.ts";
import { CompactU32, CompactU64, fixedBytes, U32 } from "../types/primitives.ts";
import { H256 } from "../types/substrate-types.ts";
import { named, type TypeNode, type ValueOf } from "../types/type-node.ts";

/** A transaction extension: what it adds to the extrinsic and what it adds to the signed bytes only. */
export type TransactionExtension = { identifier: string; extra: TypeNode; additional: TypeNode };

const Mode = enumeration("frame_metadata_hash_extension::Mode", {
  Disabled: variant(0),
  Enabled: variant(1),
});
const SubtensorRuntime = record("node_subtensor_runtime::Runtime", {});

/** All extensions of spec 424, in the order of signing. */
export const TRANSACTION_EXTENSIONS: readonly TransactionExtension[] = [
  empty("frame_system::extensions::check_non_zero_sender::CheckNonZeroSender", Unit),
  empty("frame_system::extensions::check_spec_version::CheckSpecVersion", U32),
  empty("frame_system::extensions::check_tx_version::CheckTxVersion", U32),
  empty("frame_system::extensions::check_genesis::CheckGenesis", H256),
  around("node_subtensor_runtime::check_mortality::CheckMortality", Era, H256),
  around("node_subtensor_runtime::check_nonce::CheckNonce", named("T::Nonce", CompactU32), Unit),
  empty("frame_system::extensions::check_weight::CheckWeight", Unit),
  around("pallet_transaction_payment::ChargeTransactionPayment", named("BalanceOf<T>", CompactU64), Unit),
  empty("node_subtensor_runtime::sudo_wrapper::SudoTransactionExtension", Unit, SubtensorRuntime),
  empty("pallet_shield::extension::CheckShieldedTxValidity", Unit, SubtensorRuntime),
  empty("pallet_subtensor::extensions::subtensor::SubtensorTransactionExtension", Unit, SubtensorRuntime),
  empty("pallet_drand::drand_priority::DrandPriority", Unit, SubtensorRuntime),
  {
    identifier: "CheckMetadataHash",
    extra: record("frame_metadata_hash_extension::CheckMetadataHash", { mode: Mode }, { T: undefined }),
    additional: option(fixedBytes(32)),
  },
];

/**
 * The extensions as one type. The real runtime wraps one of them for its own purposes, and clients read this type.
 */
export function extensionsNode(): TypeNode {
  const extras = TRANSACTION_EXTENSIONS.map(({ identifier, extra }) =>
    identifier === "ChargeTransactionPayment"
      ? record(
          "node_subtensor_runtime::transaction_payment_wrapper::ChargeTransactionPaymentWrapper",
          { inner: named("ChargeTransactionPayment<T>", extra) },
          { T: undefined },
        )
      : extra,
  );
  return tuple(tuple(...extras.slice(0, 7)), tuple(...extras.slice(7, 12)), extras[12]!);
}

/** What the extensions above put into an extrinsic; the others put nothing. */
export const SignedExtra = record("SignedExtra", {
  era: Era,
  nonce: CompactU32,
  tip: CompactU64,
  mode: Mode,
});
export type SignedExtra = ValueOf<typeof SignedExtra>;

/** What they add to the signed bytes. */
export const AdditionalSigned = record("AdditionalSigned", {
  specVersion: U32,
  transactionVersion: U32,
  genesisHash: H256,
  birthHash: H256,
  metadataHash: option(fixedBytes(32)),
});

function empty(path: string, additional: TypeNode, T?: TypeNode): TransactionExtension {
  return { identifier: path.split("::").at(-1)!, extra: record(path, {}, { T }), additional };
}

function around(path: string, inner: TypeNode, additional: TypeNode): TransactionExtension {
  return { identifier: path.split("::").at(-1)!, extra: wrapper(path, inner, { T: undefined }), additional };
}
