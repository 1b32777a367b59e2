import { SubforgeError } from "../errors.ts";
import type { Hex } from "../types.ts";

/** Numbers of Subtensor's own transaction checks. Source: opentensor/subtensor, CustomTransactionError. */
const CUSTOM: Record<number, string> = {
  0: "the coldkey has a swap scheduled",
  1: "the stake is too low",
  2: "the balance is too low",
  3: "the subnet does not exist",
  4: "the hotkey account does not exist",
  5: "there is not enough stake to withdraw",
  6: "the rate limit is not over",
  7: "the pool has too little liquidity",
  8: "the slippage is too high",
  9: "transfers are disallowed",
  10: "the hotkey is not registered in this subnet",
  11: "the IP address is invalid",
  12: "the serving rate limit is not over",
  13: "the port is invalid",
  14: "the maximum amount is zero",
  15: "the reveal round is invalid",
  16: "no such commit was found",
  17: "the commit is not in its reveal range",
  18: "the inputs have unequal lengths",
  19: "the uid was not found",
  20: "the rate limit of EVM keys is not over",
  21: "the coldkey swap is disputed",
  25: "the coldkey does not own this hotkey",
  26: "the delegate take is too low",
  27: "the delegate take is too high",
  255: "the request is bad",
};

/** In the pool already: its fate is open, nothing was refused. */
export const ALREADY_IMPORTED = 1013;

/** Another call with the same nonce waits already. */
export const PRIORITY_TOO_LOW = 1014;

/** What `author_extrinsicUpdate` says. */
type Status = string | Record<string, unknown>;

/** Block of an `author_extrinsicUpdate`, when it names one. */
export function blockOf(status: Status): Hex | undefined {
  const hash = typeof status === "string" ? undefined : (status.inBlock ?? status.finalized);
  return typeof hash === "string" ? (hash as Hex) : undefined;
}

/** Did this node let go of the call? It may still be included, by another one. */
export function isGone(status: Status): boolean {
  const word = typeof status === "string" ? status : Object.keys(status)[0];
  return ["dropped", "invalid", "usurped", "finalityTimeout"].includes(word ?? "");
}

/**
 * What a rejection by `author_submitExtrinsic` means. A coded JSON-RPC error is a refusal: the call is not in the
 * pool. Anything else, above all a lost connection, leaves the outcome open.
 */
export function fromPoolError(error: unknown, about: { call: string; extrinsicHash: Hex }): SubforgeError {
  const { code, message, data } = readRpcError(error);
  if (code === undefined || code === ALREADY_IMPORTED) {
    return new SubforgeError("CHAIN_OUTCOME_UNKNOWN", about, { cause: error });
  }
  const custom = /Custom error: (\d+)/.exec(data ?? message)?.[1];
  const meaning = custom === undefined ? undefined : CUSTOM[Number(custom)];
  const reason = [message, data, meaning].filter(Boolean).join(": ");
  return new SubforgeError("CHAIN_CALL_REFUSED", { call: about.call, code, reason }, { cause: error });
}

/** @polkadot/api puts code and data into the message too: `1010: Invalid Transaction: Custom error: 6`. */
function readRpcError(error: unknown): { code?: number; message: string; data?: string } {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code, data } = error as Error & { code?: unknown; data?: unknown };
  const parsed = /^(\d{4}): ([^:]*)(?:: (.*))?$/s.exec(error.message);
  const number = typeof code === "number" && code > 0 ? code : Number(parsed?.[1]);
  return {
    ...(Number.isInteger(number) ? { code: number } : {}),
    message: parsed?.[2] ?? error.message,
    ...(typeof data === "string" ? { data } : parsed?.[3] ? { data: parsed[3] } : {}),
  };
}
