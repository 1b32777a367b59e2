import type { Hex } from "../../shared/types.ts";
import type { SignatureCheck } from "../runtime/signature-check.ts";
import type { CallStorage } from "./call-storage.ts";
import type { GuestMemory } from "./guest-memory.ts";

/** Levels of the runtime's log lines, as they are numbered on the wire. */
export const LOG_LEVELS = ["off", "error", "warn", "info", "debug", "trace"] as const;
export type RuntimeLogLevel = (typeof LOG_LEVELS)[number];

/**
 * What the host functions work on. They are made once and serve one call after the other: only `memory`, `signatures`
 * and `maxLevel` may be kept; the rest is asked for each time.
 */
export interface HostCall {
  readonly memory: GuestMemory;
  /** Remembers good signatures: each is checked for the pool and again for the block. */
  readonly signatures: SignatureCheck;
  /** Most talkative level that is wanted. */
  readonly maxLevel: RuntimeLogLevel;
  readonly storage: CallStorage;
  /** Digest of the state with the call's changes: what the runtime puts into the header as state root. */
  stateRoot(): Hex;
  log(level: RuntimeLogLevel, target: string, message: string): void;
}

/**
 * Functions by the name under which a module imports them. Arguments are WebAssembly's: i32 is a number, i64 a bigint.
 * What a name takes and answers is fixed by polkadot-sdk, sp-io.
 */
export type HostFunctions = Record<string, (...args: never[]) => unknown>;

/** The runtime called a function that this host knows and does not serve. */
export class RefusedHostFunction extends Error {}
