import { SubforgeError } from "../../shared/errors.ts";
import type { Hex } from "../../shared/types.ts";
import type { DevClient } from "./dev-client.ts";
import { blockNumber } from "./make-blocks.ts";
import { readStateFile } from "./read-state-file.ts";
import { replaceFile } from "./replace-file.ts";

/** What the node takes in one request, in base64. A larger chain is loaded where it starts. */
const MAX_LOADED_BYTES = 11 * 1024 * 1024;

/** Write a running chain to a file. @throws SubforgeError CHAIN_STATE_FILE, and what the client throws */
export async function dumpChain(client: DevClient, path: string): Promise<{ path: string; bytes: number }> {
  const file = Buffer.from(String(await client.ask("dev_dumpState")), "base64");
  await replaceFile(path, file);
  return { path, bytes: file.length };
}

/**
 * Let a running chain go on as the one in a file.
 *
 * @throws SubforgeError CHAIN_STATE_FILE, and what the client throws
 */
export async function loadChain(
  client: DevClient,
  path: string,
): Promise<{ path: string; block: number; hash: Hex }> {
  const file = await readStateFile(path);
  const refuse = (reason: string) => new SubforgeError("CHAIN_STATE_FILE", { path, reason });
  if (file === undefined) throw refuse("it does not exist");
  if (file.length > MAX_LOADED_BYTES)
    throw refuse("it is too large to be sent; start a chain with it: subforge chain start --state FILE");
  const hash = (await client.ask("dev_loadState", Buffer.from(file).toString("base64"))) as Hex;
  return { path, block: await blockNumber(client, hash), hash };
}
