import type { Chain, SubnetRules } from "../shared/chain/chain.ts";
import { sendCall } from "../shared/chain/send-call.ts";
import { failPoint } from "../shared/fail-point.ts";
import type { EpochRecords } from "../shared/journal/epoch-records.ts";
import type { Keypair } from "../shared/keys/keypair.ts";
import type { Logger } from "../shared/logger.ts";
import type { BlockNumber, Hex, Netuid } from "../shared/types.ts";
import {
  decodeCommitment,
  encodeCommitment,
  epochSecret,
  mechanismSecret,
  secretHash,
} from "./epoch-secret.ts";

/** Blocks between two tries to commit. */
const RETRY_BLOCKS = 3;

export type SecretKeeperDeps = {
  chain: Pick<Chain, "identity" | "commitment" | "sign" | "submit" | "inTurn">;
  signer: Keypair;
  epochs: EpochRecords;
  logger: Logger;
  /** Nothing is signed, and so no epoch needs a commitment: its questions decide nothing. Default false. */
  shadow?: boolean | undefined;
  /** When it aborts, what is on its way is not waited for: the next start looks for it. */
  signal?: AbortSignal;
};

/**
 * Of one subnet, for all its mechanisms: puts the hash of the next epoch's secret on chain while this one runs, together with the secret of the last one.
 * Sending it twice is harmless: the content is the same.
 */
export class SecretKeeper {
  readonly #deps: SecretKeeperDeps;
  #sending: Promise<void> | undefined;
  #lastTry: BlockNumber | undefined;
  #looking: Promise<void> | undefined;

  constructor(deps: SecretKeeperDeps) {
    this.#deps = deps;
  }

  /** What the template of one mechanism is given; the main one's is what is committed. */
  secret(netuid: Netuid, epoch: number, mechanism: number): Uint8Array {
    const { signer, chain } = this.#deps;
    return mechanismSecret(epochSecret(signer, chain.identity.genesis, netuid, epoch), mechanism);
  }

  /** Was the hash of this epoch's secret on chain before its first block? */
  wasCommitted(netuid: Netuid, epoch: number, startBlock: BlockNumber): boolean {
    if (this.#deps.shadow) return true;
    const commitment = this.#deps.epochs.commitment(netuid, epoch);
    return commitment !== undefined && commitment.block < startBlock;
  }

  /** Call at each block, for any mechanism. Sends in the background, so that asking does not wait for it. */
  prepare(rules: SubnetRules): Promise<void> {
    this.#looking ??= this.#look(rules).finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #look(rules: SubnetRules): Promise<void> {
    const { chain, signer, epochs } = this.#deps;
    const { netuid, block } = rules;
    const next = rules.epochIndex + 1;
    if (rules.tempo === 0 || epochs.commitment(netuid, next) || this.#sending) return;
    const hash = secretHash(this.secret(netuid, next, 0));
    const found = await chain.commitment(netuid, signer.address);
    const known = found && decodeCommitment(found.data);
    if (found && known?.epoch === next && Buffer.from(known.hash).equals(hash)) {
      failPoint("secret.found.before");
      epochs.setCommitment(netuid, next, toHex(hash), found.block);
      const { disclosed } = known;
      if (disclosed) epochs.disclose(netuid, disclosed.epoch, toHex(disclosed.secret)); // everybody may read it by now
      failPoint("secret.found.after");
      return;
    }
    if (this.#deps.shadow) return;
    if (this.#lastTry !== undefined && block < this.#lastTry + RETRY_BLOCKS) return;
    this.#lastTry = block;
    this.#sending = this.#send(netuid, next, hash).finally(() => {
      this.#sending = undefined;
    });
  }

  async #send(netuid: Netuid, epoch: number, hash: Uint8Array): Promise<void> {
    const { chain, signer, epochs, logger, signal } = this.#deps;
    const last = epoch - 2;
    const disclosed = epochs.commitment(netuid, last)
      ? { epoch: last, secret: this.secret(netuid, last, 0) }
      : undefined;
    const data = encodeCommitment({ epoch, hash, ...(disclosed ? { disclosed } : {}) });
    try {
      failPoint("secret.send.before");
      const { block } = await sendCall(chain, { kind: "commit", netuid, data }, signer);
      failPoint("secret.send.after");
      logger.info("secret.committed", { netuid, epoch, block, disclosed: disclosed?.epoch });
    } catch (error) {
      const tell = signal?.aborted ? logger.info : logger.warn;
      tell("secret.not-committed", { netuid, epoch, reason: String(error) });
    }
  }
}

function toHex(bytes: Uint8Array): Hex {
  return `0x${Buffer.from(bytes).toString("hex")}`;
}
