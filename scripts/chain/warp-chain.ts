import { option } from "../../localnet/types/composites.ts";
import { bytesToHex, hexToBytes } from "../../localnet/types/hex.ts";
import { U16, U64 } from "../../localnet/types/primitives.ts";
import { SubforgeError } from "../../shared/errors.ts";
import type { BlockNumber } from "../../shared/types.ts";
import { wholeNumber } from "../whole-number.ts";
import type { DevClient } from "./dev-client.ts";
import { blockNumber, MAX_BLOCKS, type MadeBlocks, makeBlocks } from "./make-blocks.ts";

const COMMAND = "chain warp";
const UNITS_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Where to: exactly one of the first four. */
export type WarpArgs = {
  blocks: number | undefined;
  to: number | undefined;
  time: string | undefined;
  epochs: number | undefined;
  netuid: number | undefined;
};

export type WarpDeps = {
  client: DevClient;
  nowMs: number;
  onProgress: (text: string) => void;
};

/**
 * Move the chain ahead: by blocks, to a height, to the start of a subnet's next epochs, or to a time.
 *
 * @throws SubforgeError CLI_USAGE, CHAIN_NO_SUBNET, and what the client throws
 */
export async function warpChain(
  args: WarpArgs,
  { client, nowMs, onProgress }: WarpDeps,
): Promise<MadeBlocks> {
  const { blocks, to, time, epochs, netuid } = args;
  const given = [blocks, to, time, epochs].filter((value) => value !== undefined);
  if (given.length !== 1)
    throw usage("say one of --blocks N, --to BLOCK, --time T, or --epochs N with --netuid N");
  if ((epochs === undefined) !== (netuid === undefined))
    throw usage("--epochs and --netuid go together: epochs are counted by subnet");
  const make = (count: number, what: string) =>
    makeBlocks(client, count, (made) => onProgress(`${what}: ${made} of ${count} blocks`));
  if (blocks !== undefined) return make(wholeNumber(COMMAND, "blocks", blocks, 1, MAX_BLOCKS), "warp");
  if (to !== undefined) return make(await distance(client, to), `warp to ${to}`);
  if (time !== undefined) {
    await client.ask("dev_timeTravel", parseTime(time, nowMs));
    return make(1, "warp");
  }
  const count = wholeNumber(COMMAND, "epochs", epochs!, 1, 10_000);
  const subnet = wholeNumber(COMMAND, "netuid", netuid!, 0, 65_535);
  const from = await blockNumber(client);
  let last: MadeBlocks | undefined;
  for (let epoch = 1; epoch <= count; epoch++) {
    const next = await nextEpoch(client, subnet);
    last = await make(Math.max(1, next - (await blockNumber(client))), `epoch ${epoch} of ${count}`);
    if (epoch < count) onProgress(`epoch ${epoch} of ${count}: block ${last.block}`);
  }
  return { ...last!, made: last!.block - from };
}

/** Unix milliseconds of `2026-12-24T18:00Z`, of a number of them, or of `+90m` from now. @throws SubforgeError CLI_USAGE */
export function parseTime(text: string, nowMs: number): number {
  const [, amount, unit = ""] = /^\+(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (amount !== undefined) return nowMs + Number(amount) * UNITS_MS[unit]!;
  const unixMs = /^\d{1,15}$/.test(text) ? Number(text) : Date.parse(text);
  if (Number.isSafeInteger(unixMs)) return unixMs;
  throw usage(
    `--time is a date such as 2026-12-24T18:00Z, Unix milliseconds, or +90m, +2h, +1d; not ${text}`,
  );
}

async function distance(client: DevClient, to: number): Promise<number> {
  const head = await blockNumber(client);
  wholeNumber(COMMAND, "to", to, 0, Number.MAX_SAFE_INTEGER);
  if (to <= head)
    throw usage(`--to ${to} is not ahead: the chain is at block ${head}; go back with chain revert`);
  if (to - head > MAX_BLOCKS) throw usage(`--to ${to} is more than ${MAX_BLOCKS} blocks ahead`);
  return to - head;
}

async function nextEpoch(client: DevClient, netuid: number): Promise<BlockNumber> {
  const method = "SubnetInfoRuntimeApi_get_next_epoch_start_block";
  const answer = await client.ask("state_call", method, bytesToHex(U16.encode(netuid)));
  const next = option(U64).decode(hexToBytes(String(answer)));
  if (next === undefined) throw new SubforgeError("CHAIN_NO_SUBNET", { netuid });
  return Number(next);
}

function usage(problem: string): SubforgeError {
  return new SubforgeError("CLI_USAGE", { problem, command: COMMAND });
}
