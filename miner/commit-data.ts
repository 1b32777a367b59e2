import type { Chain } from "../shared/chain/chain.ts";
import { sendCall } from "../shared/chain/send-call.ts";
import type { Clock } from "../shared/clock.ts";
import type { ChainSigner } from "../shared/keys/external-signer.ts";
import type { Netuid } from "../shared/types.ts";

/** The part of the chain that a commitment needs. */
export type CommitterChain = Pick<Chain, "commitment" | "sign" | "submit" | "inTurn">;

/** Reads until the chain shows what it included: the node that answers may be a block behind. */
const READ_BACKS = 10;
const READ_BACK_PAUSE_MS = 1_000;

export type CommitDeps = { chain: CommitterChain; signer: ChainSigner; clock: Clock; signal: AbortSignal };

/**
 * Makes it the neuron's commitment, and reads it back.
 *
 * @param read - What the chain shows of it; undefined while it shows something else.
 * @throws what `sendCall` throws, and Error when it was included and cannot be read back
 */
export async function commitData<Shown>(
  { netuid, data }: { netuid: Netuid; data: Uint8Array },
  read: () => Promise<Shown | undefined>,
  { chain, signer, clock, signal }: CommitDeps,
): Promise<Shown> {
  await sendCall(chain, { kind: "commit", netuid, data }, signer);
  for (let reads = 0; ; reads += 1) {
    const shown = await read();
    if (shown !== undefined) return shown;
    if (reads >= READ_BACKS) throw new Error("it was included and cannot be read back");
    await clock.sleep(READ_BACK_PAUSE_MS, signal);
    signal.throwIfAborted();
  }
}
