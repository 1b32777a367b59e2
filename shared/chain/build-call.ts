import type { ApiPromise } from "@polkadot/api";
import type { SubmittableExtrinsic, SubmittableExtrinsicFunction } from "@polkadot/api/types";
import { isSubforgeError, SubforgeError } from "../errors.ts";
import { ARGUMENTS, callName, callPath, checkShape, type Kind } from "./call-shape.ts";
import type { Call } from "./chain.ts";

type Extrinsic = SubmittableExtrinsic<"promise">;

/**
 * An unsigned call, after its shape in the live metadata was compared with the one we know.
 *
 * @throws SubforgeError CHAIN_CALL_UNKNOWN
 */
export function buildCall(api: ApiPromise, call: Call): Extrinsic {
  if (call.kind === "setHyperparameter") return buildSetter(api, call);
  const { pallet, method } = call.kind === "sudo" ? { pallet: "sudo", method: "sudo" } : callPath(call);
  const build = api.tx[pallet]?.[method];
  if (!build) throw unknown(callName(call), "it is missing");
  if (call.kind === "sudo") return build(buildInner(api, call));
  checkShape(call.kind, argumentsOf(build));
  return build(...ARGUMENTS[call.kind](call as never));
}

/** Has the live runtime a call, in the shape we know? */
export function hasCall(api: ApiPromise, kind: Kind): boolean {
  const { pallet, method } = callPath({ kind });
  const build = api.tx[pallet]?.[method];
  if (!build) return false;
  try {
    checkShape(kind, argumentsOf(build));
    return true;
  } catch (error) {
    if (isSubforgeError(error, "CHAIN_CALL_UNKNOWN")) return false;
    throw error;
  }
}

function argumentsOf({ meta }: SubmittableExtrinsicFunction<"promise">): string[] {
  return meta.args.map((arg) => `${arg.name.toString()}: ${arg.typeName.unwrapOr(arg.type)}`);
}

/** The setters are many and alike: the subnet, and one value. */
function buildSetter(api: ApiPromise, call: Extract<Call, { kind: "setHyperparameter" }>): Extrinsic {
  const build = api.tx.adminUtils?.[call.setter];
  if (!build) throw unknown(callName(call), "it is missing");
  const [first, ...values] = build.meta.args.map((arg) => arg.name.toString());
  if (first !== "netuid" || values.length !== 1) {
    throw unknown(callName(call), `its arguments are (${[first, ...values].join(", ")})`);
  }
  return build(call.netuid, call.value);
}

/** What the chain's administrator calls is named by its arguments: all of them, and no others. */
function buildInner(api: ApiPromise, call: Extract<Call, { kind: "sudo" }>): Extrinsic {
  const build = api.tx[call.pallet]?.[call.call];
  if (!build) throw unknown(callName(call), "it is missing");
  const names = build.meta.args.map((arg) => arg.name.toString());
  const given = Object.keys(call.args);
  if (given.length !== names.length || given.some((name) => !names.includes(name))) {
    throw unknown(callName(call), `its arguments are (${names.join(", ")})`);
  }
  return build(...names.map((name) => call.args[name]));
}

function unknown(call: string, reason: string): SubforgeError {
  return new SubforgeError("CHAIN_CALL_UNKNOWN", { call, reason });
}
