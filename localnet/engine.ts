import type { BlockNumber, Hex } from "../shared/types.ts";
import type { MetadataVersion } from "./metadata/metadata.ts";
import type { RuntimeCall } from "./runtime/dsl/context.ts";
import type { GenesisConfig } from "./runtime/dsl/genesis.ts";
import type { Invalidity } from "./runtime/dsl/invalid-transaction.ts";
import type { RuntimeUpgrade } from "./runtime/upgrade.ts";
import type { Reader, StateKey, Store } from "./state/store.ts";

/** As the RPC answers it: camel case, and `stateVersion` for the last field. */
export type VersionInfo = {
  specName: string;
  implName: string;
  authoringVersion: number;
  specVersion: number;
  implVersion: number;
  apis: [id: Hex, version: number][];
  transactionVersion: number;
  stateVersion: number;
};

/** A block header. `digest` items are SCALE bytes. */
export type Header = {
  parentHash: Hex;
  number: BlockNumber;
  stateRoot: Hex;
  extrinsicsRoot: Hex;
  digest: Hex[];
};

/** What is known of a header before its block is made. */
export type HeaderInput = Pick<Header, "parentHash" | "number" | "digest">;

export type BlockRef = { number: BlockNumber; hash: Hex };

export type Validity =
  | {
      ok: true;
      priority: bigint;
      /** Tags that must be provided first; a transaction that needs none is ready. */
      requires: string[];
      provides: string[];
      /** Blocks for which this answer holds. */
      longevity: number;
    }
  | { ok: false; invalidity: Invalidity };

/** Included, whatever came of it, or not included at all. */
export type ApplyResult = { ok: true; dispatched: boolean } | { ok: false; invalidity: Invalidity };

/** State while a block is made. */
export type BlockStore = Store & { root(): Hex };

/** The bytes are no extrinsic of this runtime. The message names what is unknown, where it can be told. */
export class UndecodableExtrinsic extends Error {}

/** A call that was made without a transaction failed: the message is the name of its error. */
export class DispatchFailed extends Error {}

/** No such runtime API method here. */
export class UnknownRuntimeApi extends Error {}

/**
 * What stands behind the node: the rules of one chain. Node, pool and RPC see only this and raw bytes, so a real
 * runtime blob can stand here as well.
 */
export interface RuntimeEngine {
  readonly slotMs: number;
  version(): VersionInfo;
  /** In this version, or in the newest before it that the runtime has. */
  metadata(version: MetadataVersion): Uint8Array;
  genesis(config: GenesisConfig, s: Store): void;
  /** Begin a block: hooks run. Until `finalize`, one block at a time. */
  initialize(s: Store, header: HeaderInput): void;
  inherents(s: Reader, nowMs: bigint): Uint8Array[];
  /** @throws UndecodableExtrinsic */
  validate(s: Store, extrinsic: Uint8Array, at: BlockRef): Validity;
  /** @throws UndecodableExtrinsic */
  apply(s: Store, extrinsic: Uint8Array): ApplyResult;
  finalize(s: BlockStore, extrinsics: readonly Uint8Array[]): Header;
  /** Answer a runtime API. Changes to `s` are the caller's to drop. @throws UnknownRuntimeApi, TypeError */
  call(s: Store, method: string, args: Uint8Array, at: BlockRef): Uint8Array;
  /** Give an account exactly this free balance, in rao. For development: no transaction can do it. */
  setBalance(s: Store, account: Hex, rao: bigint): void;
  /** Names what no declared storage item begins like; absent where all of the chain's storage is there. */
  undeclaredStorage?(key: StateKey): string | undefined;
  /**
   * Let an account make a call in the running block, without signature and fee; absent where only transactions can.
   * Throws what the runtime names when the call fails.
   */
  dispatchAs?(s: Store, account: Hex, call: RuntimeCall): void;
  /** The same rules as the next version of the runtime; absent where an upgrade is a transaction. */
  upgraded?(upgrade: RuntimeUpgrade): RuntimeEngine;
}
