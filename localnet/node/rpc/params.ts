import { fromAddress } from "../../../shared/keys/keypair.ts";
import type { BlockNumber, Hex } from "../../../shared/types.ts";
import type { Account } from "../../runtime/dsl/context.ts";
import { bytesToHex, hexToBytes } from "../../types/hex.ts";
import { invalidParams, RpcError } from "../rpc-error.ts";
import type { Connection, RpcContext } from "./rpc.ts";

/** Bytes in hex, with or without `0x`. */
export function bytesParam(value: unknown, name: string): Uint8Array {
  if (typeof value !== "string") throw invalidParams(`${name} must be hex`);
  try {
    return hexToBytes(value);
  } catch {
    throw invalidParams(`${name} must be hex`);
  }
}

/** The same as text, in the form this node uses everywhere. */
export function hexParam(value: unknown, name: string): Hex {
  return bytesToHex(bytesParam(value, name));
}

/** A block hash, or undefined when none was given: the best block. */
export function blockHashParam(value: unknown): Hex | undefined {
  if (value === undefined || value === null) return undefined;
  const bytes = bytesParam(value, "block hash");
  if (bytes.length !== 32) throw invalidParams("a block hash is 32 bytes");
  return bytesToHex(bytes);
}

/** A count or height: a number, its decimals or its hex. */
export function numberParam(value: unknown, name: string): BlockNumber {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isSafeInteger(number) || number < 0)
    throw invalidParams(`${name} must be a whole number`);
  return number;
}

/** An account, as ss58 or as hex. */
export function accountParam(value: unknown): Account {
  if (typeof value !== "string") throw invalidParams("an account is an ss58 address");
  const publicKey = value.startsWith("0x") ? bytesParam(value, "account") : fromAddress(value);
  if (publicKey?.length !== 32) throw invalidParams(`${value.slice(0, 64)} is no address of prefix 42`);
  return bytesToHex(publicKey);
}

/** Named options; none when the parameter is missing. */
export function objectParam(value: unknown): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw invalidParams("the parameter is an object");
  return value as Record<string, unknown>;
}

/** @param max - More entries are refused. */
export function listParam(value: unknown, name: string, max: number): unknown[] {
  if (!Array.isArray(value) || value.length > max)
    throw invalidParams(`${name} must be a list of at most ${max}`);
  return value;
}

export function connectionOf({ connection }: RpcContext): Connection {
  if (connection === undefined)
    throw new RpcError(-32601, "Method not found", "subscriptions need a WebSocket");
  return connection;
}
