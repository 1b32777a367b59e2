import type { Chain } from "../../shared/chain/chain.ts";
import { neuronByHotkey } from "../../shared/chain/metagraph.ts";
import { isSubforgeError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/logger.ts";
import { AXON_URI } from "../../shared/rules/model-uri.ts";
import type { ModelRequest, ModelRun } from "../../shared/template.ts";
import type { Tensors } from "../../shared/tensor.ts";
import type { Hotkey, Netuid } from "../../shared/types.ts";
import type { AddressPolicy } from "../../shared/wire/address-policy.ts";
import { MAX_AUDITED_MODEL_BYTES } from "../../shared/wire/model-file.ts";
import type { Asker } from "../asking.ts";
import { axonPieces } from "./axon-pieces.ts";
import { ModelRefusal, Unreached } from "./model-refusal.ts";
import type { ModelStore } from "./model-store.ts";
import { webPieces } from "./web-pieces.ts";

/**
 * Runs a model file of a stranger, away from everything of the validator's.
 *
 * @throws ModelRefusal hostile for a file that is not loaded, failed for one that does not answer. Anything else says
 * nothing about the model
 */
export type RunModel = (
  file: { path: string; sha256: string },
  feeds: Tensors,
  signal: AbortSignal,
) => Promise<Extract<ModelRun, { y: unknown }>>;

/**
 * So often in a row nobody was reached where a committed model should be, while the chain was: that is no hiccup of ours,
 * and a model that nobody can get cannot be looked at.
 */
const UNREACHED_TRIES = 3;
const MAX_HOTKEYS = 4_096;

export type ModelAuditorDeps = {
  chain: Pick<Chain, "metagraph">;
  asker: Asker;
  store: ModelStore;
  policy: AddressPolicy;
  /** Certificates that web servers are believed by, instead of the system's. */
  ca?: string | undefined;
  runModel: RunModel;
  logger: Logger;
};

/** Gets committed models and runs them again. What is wrong with one is an answer too. */
export class ModelAuditor {
  readonly #deps: ModelAuditorDeps;
  /** Tries in a row that reached nobody. */
  readonly #unreached = new Map<Hotkey, number>();

  constructor(deps: ModelAuditorDeps) {
    this.#deps = deps;
  }

  /** @throws Error when it could not be done, which says nothing about the miner */
  async run(netuid: Netuid, { hotkey, model, feeds }: ModelRequest, signal: AbortSignal): Promise<ModelRun> {
    const { runModel, store, logger } = this.#deps;
    const { sha256, size, uri } = model;
    try {
      const path = await this.#get(netuid, hotkey, model, signal);
      return await runModel({ path, sha256 }, feeds, signal);
    } catch (error) {
      if (isSubforgeError(error, "MINER_MODEL_CHANGED")) await store.drop(sha256); // on this disk
      if (!(error instanceof ModelRefusal)) throw error;
      logger.warn("audit.refused", { netuid, hotkey, sha256, size, uri, reason: error.message });
      return { problem: error.fault };
    }
  }

  close(): Promise<void> {
    return this.#deps.asker.close();
  }

  async #get(
    netuid: Netuid,
    hotkey: Hotkey,
    model: ModelRequest["model"],
    signal: AbortSignal,
  ): Promise<string> {
    const { store, chain, asker, policy, ca } = this.#deps;
    const { sha256, size, uri } = model;
    if (size > MAX_AUDITED_MODEL_BYTES) throw new ModelRefusal("too-large", `${size} bytes`);
    const known = await store.pathOf(model);
    if (known) return known;
    const axon = neuronByHotkey(await chain.metagraph(netuid), hotkey)?.axon; // asked for its own sake too: is it us?
    const tries = this.#unreached.get(hotkey) ?? 0;
    this.#unreached.delete(hotkey);
    if (tries >= UNREACHED_TRIES)
      throw new ModelRefusal("not-served", `nobody reached ${tries} times in a row`);
    try {
      if (uri !== AXON_URI) return await store.put(model, webPieces(uri, policy, signal, ca));
      if (!axon) throw new ModelRefusal("not-served", "its hotkey announces no address");
      const target = { hotkey, ip: axon.ip, port: axon.port };
      return await store.put(model, axonPieces(asker, target, { sha256, size }, signal));
    } catch (error) {
      if (error instanceof Unreached) this.#countUnreached(hotkey, tries + 1);
      throw error;
    }
  }

  #countUnreached(hotkey: Hotkey, tries: number): void {
    this.#unreached.set(hotkey, tries);
    if (this.#unreached.size > MAX_HOTKEYS) this.#unreached.delete(this.#unreached.keys().next().value!);
  }
}
