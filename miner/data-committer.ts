import type { Clock } from "../shared/clock.ts";
import { isSubforgeError, SubforgeError } from "../shared/errors.ts";
import type { ChainSigner } from "../shared/keys/external-signer.ts";
import type { Logger } from "../shared/logger.ts";
import type { Netuid } from "../shared/types.ts";
import { type CommitterChain, commitData } from "./commit-data.ts";

/** The largest field that a commitment can have. */
const MAX_BYTES = 512;
/** After a refusal or an outage. The chain takes some 3,100 bytes of a hotkey in an epoch: a later block may have room. */
const RETRY_MS = 12_000;
const MAX_TRIES = 10;

type Deps = { chain: CommitterChain; signer: ChainSigner; clock: Clock; logger: Logger; signal: AbortSignal };

/**
 * Commits on chain for a miner's work: one after the other, tried again while the chain refuses, read back.
 *
 * @param isTaken - Is the neuron's one commitment that of its model already?
 * @returns A function that resolves when the chain shows the data. It throws MINER_COMMITMENT, or what the chain said last.
 */
export function createDataCommitter(
  netuid: Netuid,
  isTaken: boolean,
  deps: Deps,
): (data: Uint8Array) => Promise<void> {
  let turn: Promise<unknown> = Promise.resolve();
  return (data) => {
    const mine = turn.then(() => commit(data));
    turn = mine.catch(() => undefined);
    return mine;
  };

  async function commit(data: Uint8Array): Promise<void> {
    if (isTaken) throw refused("the neuron's commitment is that of its model, for --commit-model is given");
    if (data.length === 0 || data.length > MAX_BYTES)
      throw refused(`${data.length} bytes; a commitment has 1 to ${MAX_BYTES}`);
    const { chain, signer, clock, logger, signal } = deps;
    const read = async () => {
      const shown = await chain.commitment(netuid, signer.address);
      return shown && Buffer.compare(shown.data, data) === 0 ? shown : undefined;
    };
    for (let tries = 1; ; tries += 1) {
      signal.throwIfAborted();
      try {
        const { block } = (await read()) ?? (await commitData({ netuid, data }, read, deps));
        logger.info("miner.committed", { bytes: data.length, block });
        return;
      } catch (error) {
        if (signal.aborted || !isSubforgeError(error) || tries >= MAX_TRIES) throw error;
        logger.warn("miner.commit-refused", { code: error.code, error: error.message, tries });
        await clock.sleep(RETRY_MS, signal);
      }
    }
  }
}

function refused(problem: string): SubforgeError {
  return new SubforgeError("MINER_COMMITMENT", { problem });
}
