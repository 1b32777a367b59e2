import type { Clock } from "../shared/clock.ts";
import { SubforgeError } from "../shared/errors.ts";
import type { ChainSigner } from "../shared/keys/external-signer.ts";
import type { Logger } from "../shared/logger.ts";
import { parseModelCommitment, toModelCommitment } from "../shared/rules/model-commitment.ts";
import type { BlockNumber, Netuid } from "../shared/types.ts";
import { MAX_AUDITED_MODEL_BYTES } from "../shared/wire/model-file.ts";
import { type CommitterChain, commitData } from "./commit-data.ts";
import type { HandedOutModels } from "./handed-out-models.ts";
import type { ServedModel } from "./inference/served-model.ts";

/** What the chain shows. */
export type CommittedModel = { sha256: string; uri: string; block: BlockNumber };

/** After a refusal: the chain takes some 3,100 bytes of a hotkey in an epoch, and a later one has room again. */
const RETRY_MS = 60_000;

/** Other programs with the same hotkey may write over it. */
const LOOK_EVERY_MS = 10 * 60_000;

type Deps = {
  chain: CommitterChain;
  signer: ChainSigner;
  /** What is served now; it changes when its file is replaced. */
  model: () => Pick<ServedModel, "sha256" | "info"> & { path: string };
  /** Gets a copy of what is committed, where the miner hands it out itself. */
  handedOut?: Pick<HandedOutModels, "keep"> | undefined;
  clock: Clock;
  logger: Logger;
  signal: AbortSignal;
};

/** Keeps the chain's note of which model this miner serves true, with as few calls as possible. */
export class ModelCommitter {
  readonly #netuid: Netuid;
  readonly #uri: string;
  readonly #deps: Deps;
  #shown: CommittedModel | undefined;
  #nextLookMs = 0;
  #isTold = false;

  /** @param uri - `axon:`, or where the same file lies: https. */
  constructor(netuid: Netuid, uri: string, deps: Deps) {
    this.#netuid = netuid;
    this.#uri = uri;
    this.#deps = deps;
  }

  /** What the chain showed at the last look; undefined: nothing of ours. */
  get shown(): CommittedModel | undefined {
    return this.#shown;
  }

  /**
   * At the start: commit, unless the chain shows it already. What the chain refuses is said, and tried again.
   *
   * @throws SubforgeError MODEL_NOT_COMMITTABLE for a model that nobody could run again
   */
  async open(): Promise<void> {
    this.#assertCommittable();
    await this.look();
  }

  /** After each look at the chain. Never throws. */
  async look(): Promise<void> {
    const { clock, logger, model } = this.#deps;
    const isChanged = this.#shown !== undefined && this.#shown.sha256 !== model().sha256;
    if (clock.nowMs() < this.#nextLookMs && !isChanged) return;
    try {
      this.#assertCommittable();
      await this.#settle();
      this.#nextLookMs = clock.nowMs() + LOOK_EVERY_MS;
      this.#isTold = false;
    } catch (error) {
      this.#shown = undefined;
      this.#nextLookMs = clock.nowMs() + RETRY_MS;
      if (!this.#isTold) logger.error("miner.model-not-committed", { error: String(error) });
      this.#isTold = true;
    }
  }

  async #settle(): Promise<void> {
    const { chain, signer, model, handedOut, clock, logger, signal } = this.#deps;
    const { sha256, info, path } = model();
    if (handedOut && !(await handedOut.keep(path, sha256)))
      throw new Error(`${path} no longer holds the model that is served`);
    this.#shown = await this.#read(sha256, info.bytes);
    if (this.#shown) return;
    const data = toModelCommitment({ sha256, size: info.bytes, uri: this.#uri });
    const read = () => this.#read(sha256, info.bytes);
    this.#shown = await commitData({ netuid: this.#netuid, data }, read, { chain, signer, clock, signal });
    logger.info("miner.model-committed", { sha256, uri: this.#uri, block: this.#shown.block });
  }

  /** @returns undefined when the chain shows something else. */
  async #read(sha256: string, size: number): Promise<CommittedModel | undefined> {
    const { chain, signer } = this.#deps;
    const found = await chain.commitment(this.#netuid, signer.address);
    const shown = found && parseModelCommitment(found.data);
    if (!found || shown?.sha256 !== sha256 || shown.size !== size || shown.uri !== this.#uri)
      return undefined;
    return { sha256, uri: this.#uri, block: found.block };
  }

  #assertCommittable(): void {
    const { bytes, externalFiles } = this.#deps.model().info;
    if (externalFiles.length > 0)
      throw new SubforgeError("MODEL_NOT_COMMITTABLE", { problem: "its weights lie in files beside it" });
    if (bytes > MAX_AUDITED_MODEL_BYTES)
      throw new SubforgeError("MODEL_NOT_COMMITTABLE", {
        problem: `it has ${bytes} bytes, and validators fetch ${MAX_AUDITED_MODEL_BYTES} at most`,
      });
  }
}
