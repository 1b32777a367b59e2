import type { BlockNumber, Hex } from "../../../shared/types.ts";
import type { Store } from "../../state/store.ts";
import type { DispatchError, Weight } from "../../types/substrate-types.ts";
import { DispatchFailure } from "./errors.ts";
import type { RuntimeEvent } from "./events.ts";

/** An account inside the chain: 32 bytes in lower-case hex. */
export type Account = Hex;

/** Who speaks, and with which calls if not with all. `none` is an unsigned extrinsic: an inherent. */
export type Origin =
  | { kind: "signed"; who: Account; allows?: (call: RuntimeCall) => boolean }
  | { kind: "root" }
  | { kind: "none" };

/** A decoded call: `{ type: "Balances", value: { type: "transfer_all", value: { dest, keep_alive } } }`. */
export type RuntimeCall = { type: string; value: { type: string; value?: unknown } };

/** What hooks, checks and runtime APIs run in. For checks and runtime APIs the changes are dropped afterwards. */
export type Context = {
  store: Store;
  /** The block being made; for a check or a runtime API, the block after the state that is asked. */
  block: BlockNumber;
  deposit(event: RuntimeEvent): void;
};

/** What a call may change about its own price when it is over. */
export type PostInfo = { actualWeight?: Weight; pays?: "Yes" | "No" };

export type DispatchOutcome =
  | { ok: true; post: PostInfo }
  | { ok: false; error: DispatchError; name: string; post: PostInfo };

/** What a call runs in. */
export type CallContext = Context & {
  origin: Origin;
  /** Run another call in a layer of its own: a failure is returned, and its changes and events are gone. */
  dispatch(call: RuntimeCall, origin: Origin): DispatchOutcome;
};

/** @throws DispatchFailure BadOrigin */
export function ensureSigned(origin: Origin): Account {
  if (origin.kind !== "signed") throw new DispatchFailure({ type: "BadOrigin" }, "BadOrigin");
  return origin.who;
}

/** @throws DispatchFailure BadOrigin */
export function ensureRoot(origin: Origin): void {
  if (origin.kind !== "root") throw new DispatchFailure({ type: "BadOrigin" }, "BadOrigin");
}
