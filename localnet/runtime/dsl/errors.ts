import { bytesToHex } from "../../types/hex.ts";
import type { DispatchError } from "../../types/substrate-types.ts";
import type { PalletId } from "./pallet.ts";

/** A declared error of a pallet, as `ensure` and `fail` take it. */
export type ModuleError = { readonly pallet: string; readonly name: string; readonly error: DispatchError };

/** Name to variant index, as the real pallet numbers them. */
export type ErrorIndexes = Record<string, number>;
export type Errors<E extends ErrorIndexes = ErrorIndexes> = {
  indexes: E;
  is: { readonly [Name in keyof E]: ModuleError };
};

/**
 * Declare the errors of a pallet.
 *
 * @example
 *   const errors = errorsOf(pallet, { SubnetNotExists: 1 });
 *   ensure(NetworksAdded.get(s, netuid), errors.is.SubnetNotExists);
 */
export function errorsOf<const E extends ErrorIndexes>(pallet: PalletId, indexes: E): Errors<E> {
  const is = Object.fromEntries(
    Object.entries(indexes).map(([name, index]) => [name, moduleError(pallet, name, index)]),
  );
  return { indexes, is: is as Errors<E>["is"] };
}

/** Thrown out of a call: its changes and events are dropped, the fee stays, and `ExtrinsicFailed` says why. */
export class DispatchFailure extends Error {
  readonly error: DispatchError;

  constructor(error: DispatchError, name: string) {
    super(name);
    this.error = error;
  }
}

/** End the call with a declared error, or with one of the runtime's own: `fail({ type: "BadOrigin" })`. */
export function fail(error: ModuleError | DispatchError): never {
  if ("pallet" in error) throw new DispatchFailure(error.error, `${error.pallet}.${error.name}`);
  throw new DispatchFailure(error, error.type);
}

export function ensure(condition: boolean, error: ModuleError | DispatchError): asserts condition {
  if (!condition) fail(error);
}

function moduleError(pallet: PalletId, name: string, index: number): ModuleError {
  const error = bytesToHex(Uint8Array.of(index, 0, 0, 0));
  return { pallet: pallet.name, name, error: { type: "Module", value: { index: pallet.index, error } } };
}
