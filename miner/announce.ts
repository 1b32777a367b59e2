import { ipToNumber } from "../shared/chain/call-shape.ts";
import type { Chain } from "../shared/chain/chain.ts";
import type { AxonAddress, Neuron } from "../shared/chain/metagraph.ts";
import type { Clock } from "../shared/clock.ts";
import { SubforgeError } from "../shared/errors.ts";
import type { Keypair } from "../shared/keys/keypair.ts";
import type { Logger } from "../shared/logger.ts";
import type { Netuid } from "../shared/types.ts";
import type { MetagraphView } from "./metagraph-view.ts";

/** Where validators shall call. */
export type Announcement = { ip: string; port: number };

/** Reads until the chain shows what it included: the node that answers may be a block behind. */
const READ_BACKS = 10;
const READ_BACK_PAUSE_MS = 1_000;

type Deps = {
  chain: Pick<Chain, "sign" | "submit" | "inTurn">;
  view: MetagraphView;
  signer: Keypair;
  clock: Clock;
  logger: Logger;
  signal: AbortSignal;
};

/**
 * Publishes the address on chain, unless the chain already shows it: the call is rate limited.
 *
 * @throws SubforgeError MINER_ANNOUNCE_FAILED, and what signing and submitting throw
 */
export async function announce(
  netuid: Netuid,
  wanted: Announcement,
  self: Neuron,
  deps: Deps,
): Promise<void> {
  if (isShown(self.axon, wanted)) return;
  const { chain, view, signer, clock, logger, signal } = deps;
  const failed = (reason: string) =>
    new SubforgeError("MINER_ANNOUNCE_FAILED", { address: `${wanted.ip}:${wanted.port}`, reason });
  const inclusion = await chain.submit(await chain.sign({ kind: "serveAxon", netuid, ...wanted }, signer));
  if (!inclusion.ok) throw failed(inclusion.error.name);
  for (let read = 0; read < READ_BACKS && !signal.aborted; read += 1) {
    if (isShown((await view.refresh())?.axon, wanted)) {
      logger.info("miner.announced", { ...wanted, block: inclusion.block });
      return;
    }
    await clock.sleep(READ_BACK_PAUSE_MS, signal);
  }
  if (!signal.aborted) throw failed(`block ${inclusion.block} included it, and it cannot be read back`);
}

function isShown(axon: AxonAddress | undefined, wanted: Announcement): boolean {
  // By number: an IPv6 address has many spellings.
  return axon?.port === wanted.port && ipToNumber(axon.ip) === ipToNumber(wanted.ip);
}
