import { UndecodableExtrinsic } from "../../engine.ts";
import { option, record } from "../../types/composites.ts";
import { U32, U64 } from "../../types/primitives.ts";
import { DispatchClass, Weight } from "../../types/substrate-types.ts";
import type { TypeNode } from "../../types/type-node.ts";
import { RpcError } from "../rpc-error.ts";
import { blockHashParam, bytesParam } from "./params.ts";
import type { RpcContext, RpcMethods } from "./rpc.ts";

/** Answers of the runtime API that stands behind these methods. */
const DispatchInfo = record("RuntimeDispatchInfo", {
  weight: Weight,
  class: DispatchClass,
  partial_fee: U64,
});
const InclusionFee = record("InclusionFee", { base_fee: U64, len_fee: U64, adjusted_weight_fee: U64 });
const FeeDetails = record("FeeDetails", { inclusion_fee: option(InclusionFee), tip: U64 });

/** What these methods answer to bytes that are no extrinsic. */
const UNDECODABLE = 1;

export const paymentMethods: RpcMethods = {
  payment_queryInfo: (params, context) => {
    const info = ask("query_info", DispatchInfo, params, context);
    return {
      weight: { ref_time: Number(info.weight.ref_time), proof_size: Number(info.weight.proof_size) },
      class: info.class.type.toLowerCase(),
      partialFee: info.partial_fee.toString(),
    };
  },
  payment_queryFeeDetails: (params, context) => {
    const { inclusion_fee: fee } = ask("query_fee_details", FeeDetails, params, context);
    const inclusionFee = fee && {
      baseFee: amountHex(fee.base_fee),
      lenFee: amountHex(fee.len_fee),
      adjustedWeightFee: amountHex(fee.adjusted_weight_fee),
    };
    return { inclusionFee: inclusionFee ?? null };
  },
};

function ask<T>(
  method: string,
  answer: TypeNode<T>,
  [extrinsic, at]: readonly unknown[],
  { node }: RpcContext,
): T {
  const bytes = bytesParam(extrinsic, "extrinsic");
  const args = Buffer.concat([bytes, U32.encode(bytes.length)]);
  const block = blockHashParam(at);
  try {
    const encoded = node.query(block, (engine, store, ref) =>
      engine.call(store, `TransactionPaymentApi_${method}`, args, ref),
    );
    return answer.decode(encoded);
  } catch (error) {
    // Bytes that are no extrinsic are the client's mistake. Code and text are those of Substrate's own method.
    if (error instanceof UndecodableExtrinsic || error instanceof TypeError)
      throw new RpcError(UNDECODABLE, "Unable to query dispatch info.", error.message);
    throw error;
  }
}

/** Substrate answers amounts of this method in hex. */
function amountHex(rao: bigint): string {
  return `0x${rao.toString(16)}`;
}
