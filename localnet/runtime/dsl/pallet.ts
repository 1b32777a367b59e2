import type { Fields, FieldValues } from "../../types/composites.ts";
import type { RuntimeVersion } from "../../types/substrate-types.ts";
import type { TypeNode } from "../../types/type-node.ts";
import type { Extrinsic } from "../extrinsic.ts";
import type { Call, CallInfo } from "./calls.ts";
import type { Account, CallContext, Context, RuntimeCall } from "./context.ts";
import type { Errors } from "./errors.ts";
import type { Events } from "./events.ts";
import type { GenesisConfig } from "./genesis.ts";
import type { StorageItem } from "./storage.ts";

/** Name and number of a pallet, as the real runtime has them. */
export type PalletId = { name: string; index: number };

export type Constant = { type: TypeNode; value: Uint8Array };
export type RuntimeApi = { version: number; methods: Record<string, RuntimeApiMethod> };
export type RuntimeApiMethod = {
  inputs: Fields;
  output: TypeNode;
  run(context: Context, inputs: unknown): unknown;
};

/** A transaction as the checks of pallets see it. */
export type TransactionInfo = {
  signer: Account;
  call: RuntimeCall;
  /** Blocks, undefined for an immortal one. */
  eraPeriod: number | undefined;
};

/**
 * A pallet, declared as data. What is declared is what the metadata says; what is not declared does not exist for
 * any client.
 */
export type Pallet = PalletId & {
  /** Rust path of the crate, which the types `Call`, `Event` and `Error` are named after: `pallet_balances::pallet`. */
  path: string;
  /** Type parameters of `Call`, `Event` and `Error` in the registry. */
  generics?: { call?: readonly string[]; event?: readonly string[]; error?: readonly string[] };
  storage?: Record<string, StorageItem>;
  calls?: Record<string, Call>;
  events?: Events;
  errors?: Errors;
  constants?: Record<string, Constant>;
  apis?: Record<string, RuntimeApi>;

  /** Write the state of block 0. */
  genesis?(context: Context, config: GenesisConfig): void;
  /** Before the inherents of each block, in the order of the pallets. */
  onInitialize?(context: Context): void;
  /** After the last transaction of each block. */
  onFinalize?(context: Context): void;
  /**
   * Before a signed transaction enters the pool, and again before it is applied.
   *
   * @throws InvalidTransaction, which the client sees as error 1010
   */
  checkTransaction?(context: Context, transaction: TransactionInfo): void;
  /**
   * Before each dispatch of a call with a signed origin, also inside a batch.
   *
   * @throws DispatchFailure
   */
  checkDispatch?(context: CallContext, call: RuntimeCall): void;
};

/** What only exists when all pallets are known: for pallets whose calls contain calls, or that speak of the whole. */
export type RuntimeTypes = {
  call: TypeNode<RuntimeCall>;
  event: TypeNode;
  /** A whole transaction as an argument of a runtime API; its value is the bytes behind the length. */
  extrinsic: TypeNode<Uint8Array>;
  /** What a call declares about its cost. */
  info(call: RuntimeCall): CallInfo;
  /** @throws UndecodableExtrinsic */
  decode(extrinsic: Uint8Array): Extrinsic;
  version(): RuntimeVersion;
  /** @returns undefined for a version that is not served */
  metadata(version: number): Uint8Array | undefined;
};

/** A pallet, or how to make one from the types of the whole runtime. */
export type PalletSource = Pallet | ((types: RuntimeTypes) => Pallet);

export function constant<T>(type: TypeNode<T>, value: T): Constant {
  return { type, value: type.encode(value) };
}

/**
 * Declare a method of a runtime API. `run` may write: its changes are dropped.
 *
 * @example get_subnet_info: apiMethod({ inputs: { netuid: U16 }, output: option(SubnetInfo), run: (c, { netuid }) => … })
 */
export function apiMethod<const I extends Fields, O>(declared: {
  inputs: I;
  output: TypeNode<O>;
  run(context: Context, inputs: FieldValues<I>): O;
}): RuntimeApiMethod {
  const { inputs, output, run } = declared;
  return { inputs, output, run: (context, given) => run(context, given as FieldValues<I>) };
}
