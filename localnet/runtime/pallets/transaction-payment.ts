import type { Rao } from "../../../shared/types.ts";
import { enumeration, option, record, variant, wrapper } from "../../types/composites.ts";
import { U8, U32, U64, U128 } from "../../types/primitives.ts";
import { AccountId, DispatchClass, Weight } from "../../types/substrate-types.ts";
import { named } from "../../types/type-node.ts";
import type { CallInfo } from "../dsl/calls.ts";
import type { Account, Context, RuntimeCall } from "../dsl/context.ts";
import { DispatchFailure } from "../dsl/errors.ts";
import { eventsOf } from "../dsl/events.ts";
import { InvalidTransaction } from "../dsl/invalid-transaction.ts";
import { apiMethod, constant, type Pallet, type RuntimeApi, type RuntimeTypes } from "../dsl/pallet.ts";
import { storageOf, value } from "../dsl/storage.ts";
import { inclusionFee, lengthToFee, totalFee, weightToFee } from "../fees.ts";
import { deposit, withdraw } from "./balances.ts";

const id = { name: "TransactionPayment", index: 6 };

/** 1, as a fixed-point number of 18 decimals. */
const ONE = 10n ** 18n;

const TransactionPayment = storageOf(id, {
  NextFeeMultiplier: value(wrapper("sp_arithmetic::fixed_point::FixedU128", U128), ONE),
  StorageVersion: value(
    enumeration("pallet_transaction_payment::Releases", { V1Ancient: variant(0), V2: variant(1) }),
    { type: "V1Ancient" },
  ),
});

const Balance = named("BalanceOf<T>", U64);
const events = eventsOf(id, {
  TransactionFeePaid: variant(0, { who: AccountId, actual_fee: Balance, tip: Balance }),
});

const ApiBalance = named("Balance", U64);
const RuntimeDispatchInfo = record(
  "pallet_transaction_payment::types::RuntimeDispatchInfo",
  { weight: Weight, class: DispatchClass, partial_fee: ApiBalance },
  { Balance: U64, Weight },
);
const InclusionFee = record(
  "pallet_transaction_payment::types::InclusionFee",
  { base_fee: ApiBalance, len_fee: ApiBalance, adjusted_weight_fee: ApiBalance },
  { Balance: U64 },
);
const FeeDetails = record(
  "pallet_transaction_payment::types::FeeDetails",
  { inclusion_fee: named("Option<InclusionFee<Balance>>", option(InclusionFee)), tip: ApiBalance },
  { Balance: U64 },
);

/** What transactions cost, and the runtime APIs by which wallets ask before they sign. */
export function createTransactionPayment(types: RuntimeTypes): Pallet {
  return {
    ...id,
    path: "pallet_transaction_payment::pallet",
    storage: TransactionPayment,
    events,
    constants: { OperationalFeeMultiplier: constant(U8, 5) },
    apis: {
      TransactionPaymentApi: {
        version: 4,
        methods: {
          query_info: apiMethod({
            inputs: { uxt: types.extrinsic, len: U32 },
            output: RuntimeDispatchInfo,
            run: (_, { uxt, len }) => dispatchInfo(types, extrinsicOf(types, uxt).call, len),
          }),
          query_fee_details: apiMethod({
            inputs: { uxt: types.extrinsic, len: U32 },
            output: FeeDetails,
            run: (_, { uxt, len }) => {
              const { call, signed } = extrinsicOf(types, uxt);
              return { inclusion_fee: inclusionFee(types.info(call), len), tip: signed?.extra.tip ?? 0n };
            },
          }),
          ...feeRates(),
        },
      },
      TransactionPaymentCallApi: {
        version: 3,
        methods: {
          query_call_info: apiMethod({
            inputs: { call: types.call, len: U32 },
            output: RuntimeDispatchInfo,
            run: (_, { call, len }) => dispatchInfo(types, call, len),
          }),
          query_call_fee_details: apiMethod({
            inputs: { call: types.call, len: U32 },
            output: FeeDetails,
            run: (_, { call, len }) => ({ inclusion_fee: inclusionFee(types.info(call), len), tip: 0n }),
          }),
          ...feeRates(),
        },
      },
    },
  };
}

/**
 * Take the fee and the tip before a call runs.
 *
 * @throws InvalidTransaction Payment
 */
export function chargeFee(c: Context, who: Account, fee: Rao): void {
  if (fee === 0n) return;
  try {
    withdraw(c, who, fee, "preserve");
  } catch (error) {
    if (error instanceof DispatchFailure) throw new InvalidTransaction("Payment");
    throw error;
  }
}

/** After the call: give back what it did not cost, and pay the author of the block. */
export function settleFee(
  c: Context,
  who: Account,
  author: Account,
  fee: { paid: Rao; actual: Rao; tip: Rao },
): void {
  const refund = fee.paid - fee.actual;
  if (refund > 0n) deposit(c, who, refund);
  if (fee.actual > 0n) deposit(c, author, fee.actual);
  c.deposit(events.make.TransactionFeePaid({ who, actual_fee: fee.actual, tip: fee.tip }));
}

function dispatchInfo(types: RuntimeTypes, call: RuntimeCall, length: number) {
  const info: CallInfo = types.info(call);
  return {
    weight: info.weight,
    class: { type: info.class } as const,
    partial_fee: totalFee(inclusionFee(info, length), 0n),
  };
}

function extrinsicOf(types: RuntimeTypes, body: Uint8Array) {
  return types.decode(types.extrinsic.encode(body));
}

function feeRates(): RuntimeApi["methods"] {
  return {
    query_weight_to_fee: apiMethod({
      inputs: { weight: Weight },
      output: U64,
      run: (_, { weight }) => weightToFee(weight),
    }),
    query_length_to_fee: apiMethod({
      inputs: { length: U32 },
      output: U64,
      run: (_, { length }) => lengthToFee(length),
    }),
  };
}
