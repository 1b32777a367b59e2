import type { Fields, FieldValues } from "../../types/composites.ts";
import type { Weight } from "../../types/substrate-types.ts";
import type { CallContext, PostInfo } from "./context.ts";

/** What a call costs before it runs; with other calls inside it depends on the arguments. */
export type CallInfo = { weight: Weight; class: "Normal" | "Operational" | "Mandatory"; pays: "Yes" | "No" };

/** A call as the runtime keeps it: typed where it was declared, not here. */
export type Call = {
  index: number;
  args: Fields;
  info(args: unknown): CallInfo;
  run(context: CallContext, args: unknown): PostInfo | undefined;
};

type CallDeclaration<A extends Fields> = {
  index: number;
  args: A;
  weight?: Weight | ((args: FieldValues<A>) => Weight);
  class?: CallInfo["class"] | ((args: FieldValues<A>) => CallInfo["class"]);
  pays?: CallInfo["pays"] | ((args: FieldValues<A>) => CallInfo["pays"]);
  /** @throws DispatchFailure by `ensure` and `fail`; anything else is a bug, is logged and becomes `Other` */
  run(context: CallContext, args: FieldValues<A>): PostInfo | undefined;
};

/**
 * Declare a call.
 *
 * @example
 *   start_call: call({ index: 92, args: { netuid: named("NetUid", U16) }, weight: weight(10n), run(c, { netuid }) {} })
 */
export function call<const A extends Fields>(declared: CallDeclaration<A>): Call {
  const { index, args, weight: cost = weight(0n), class: kind = "Normal", pays = "Yes" } = declared;
  return {
    index,
    args,
    info: (given) => ({
      weight: typeof cost === "function" ? cost(given as FieldValues<A>) : cost,
      class: typeof kind === "function" ? kind(given as FieldValues<A>) : kind,
      pays: typeof pays === "function" ? pays(given as FieldValues<A>) : pays,
    }),
    run: (context, given) => declared.run(context, given as FieldValues<A>),
  };
}

/** @param refTime - picoseconds @param proofSize - bytes */
export function weight(refTime: bigint | number, proofSize: bigint | number = 0n): Weight {
  return { ref_time: BigInt(refTime), proof_size: BigInt(proofSize) };
}

export function addWeight(a: Weight, b: Weight): Weight {
  return { ref_time: a.ref_time + b.ref_time, proof_size: a.proof_size + b.proof_size };
}
