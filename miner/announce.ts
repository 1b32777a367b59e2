import { ipToNumber } from "../shared/chain/call-shape.ts";
import type { Chain } from "../shared/chain/chain.ts";
import type { AxonAddress, Neuron } from "../shared/chain/metagraph.ts";
import type { Clock } from "../shared/clock.ts";
import { SubforgeError } from "../shared/errors.ts";
import type { ChainSigner } from "../shared/keys/external-signer.ts";
import type { BlockNumber, Netuid } from "../shared/types.ts";

/** Where validators shall call. */
export type Announcement = { ip: string; port: number };

/** What the chain allows now. */
export type AnnouncePlan =
  /** The chain shows it already: another call would only use up the rate limit. */
  | { kind: "shown" }
  | { kind: "now" }
  /** The chain refuses it before block `from`. */
  | { kind: "later"; from: BlockNumber; blocksLeft: number };

/** Reads until the chain shows what it included: the node that answers may be a block behind. */
const READ_BACKS = 10;
const READ_BACK_PAUSE_MS = 1_000;

/**
 * May this address be published now?
 *
 * Source: opentensor/subtensor, pallets/subtensor/src/subnets/serving.rs, axon_passes_rate_limit.
 *
 * @param shown - What the chain shows now.
 * @param block - The best block: a call is included in a later one.
 * @param servingRateLimit - Blocks between two announcements of a hotkey; 0: no limit.
 */
export function planAnnouncement(
  wanted: Announcement,
  shown: AxonAddress | undefined,
  block: BlockNumber,
  servingRateLimit: number,
): AnnouncePlan {
  if (isShown(shown, wanted)) return { kind: "shown" };
  if (servingRateLimit === 0 || !shown || shown.block === 0) return { kind: "now" };
  const from = shown.block + servingRateLimit;
  const blocksLeft = from - (block + 1);
  return blocksLeft <= 0 ? { kind: "now" } : { kind: "later", from, blocksLeft };
}

type PublishDeps = {
  chain: Pick<Chain, "sign" | "submit" | "inTurn">;
  /** The miner's own row, read anew. */
  readSelf(): Promise<Neuron | undefined>;
  signer: ChainSigner;
  clock: Clock;
  signal: AbortSignal;
};

/**
 * Sends `serve_axon`, and reads it back.
 *
 * @returns the block that included it; undefined when the signal aborted meanwhile
 * @throws SubforgeError MINER_ANNOUNCE_FAILED, and what signing and submitting throw
 */
export async function publishAddress(
  netuid: Netuid,
  wanted: Announcement,
  { chain, readSelf, signer, clock, signal }: PublishDeps,
): Promise<BlockNumber | undefined> {
  const failed = (reason: string) =>
    new SubforgeError("MINER_ANNOUNCE_FAILED", { address: formatAddress(wanted), reason });
  const call = { kind: "serveAxon" as const, netuid, ip: wanted.ip, port: wanted.port };
  const inclusion = await chain.inTurn(signer.address, async () =>
    chain.submit(await chain.sign(call, signer)),
  );
  if (!inclusion.ok) throw failed(inclusion.error.name);
  for (let read = 0; read < READ_BACKS && !signal.aborted; read += 1) {
    if (isShown((await readSelf())?.axon, wanted)) return inclusion.block;
    await clock.sleep(READ_BACK_PAUSE_MS, signal);
  }
  if (signal.aborted) return undefined;
  throw failed(`block ${inclusion.block} included it, and it cannot be read back`);
}

export function isShown(axon: AxonAddress | undefined, wanted: Announcement): boolean {
  // By number: an IPv6 address has many spellings.
  return axon?.port === wanted.port && ipToNumber(axon.ip) === ipToNumber(wanted.ip);
}

/** @example [2001:db8::7]:8091 */
export function formatAddress({ ip, port }: Announcement): string {
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}
