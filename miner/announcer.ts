import { isIP } from "node:net";
import type { Chain } from "../shared/chain/chain.ts";
import type { HyperparameterValues } from "../shared/chain/hyperparameters.ts";
import type { Neuron } from "../shared/chain/metagraph.ts";
import type { Clock } from "../shared/clock.ts";
import type { ChainSigner } from "../shared/keys/external-signer.ts";
import type { Logger } from "../shared/logger.ts";
import type { BlockNumber, Netuid } from "../shared/types.ts";
import { type Announcement, formatAddress, planAnnouncement, publishAddress } from "./announce.ts";
import type { MetagraphView } from "./metagraph-view.ts";
import type { Reach } from "./reachability.ts";

/** What is published, and what is done when it no longer fits. */
export type AnnounceOptions = Announcement & {
  /** Asks which address this machine has now. Undefined: nobody can say. */
  detect?: (() => Promise<string | undefined>) | undefined;
  /** May a changed address be published without asking anybody? Default false: it is only said. */
  renew?: boolean | undefined;
  /** Calls the address as a validator would. */
  probe?: ((address: Announcement) => Promise<Reach>) | undefined;
};

/** The part of the chain an announcement needs. */
export type AnnouncerChain = Pick<Chain, "sign" | "submit" | "inTurn"> & {
  subnetInfo(
    netuid: Netuid,
  ): Promise<{ hyperparameters: Pick<HyperparameterValues, "serving_rate_limit">; block: BlockNumber }>;
};

type Deps = {
  chain: AnnouncerChain;
  view: Pick<MetagraphView, "refresh">;
  signer: ChainSigner;
  clock: Clock;
  logger: Logger;
  signal: AbortSignal;
};

/** Between two looks at whether the address still leads here. */
const PROBE_EVERY_MS = 10 * 60_000;
/** After a refusal that a later try may mend. */
const RETRY_MS = 60_000;

type State = "shown" | "later" | "failed" | "deregistered";

/**
 * Keeps the chain's note of where this miner listens true, with as few calls as possible: published when it differs,
 * not before the chain takes it, and never for a hotkey without a uid.
 */
export class Announcer {
  readonly #netuid: Netuid;
  readonly #options: AnnounceOptions;
  readonly #deps: Deps;
  #wanted: Announcement;
  #state: State = "later";
  #isReachable: boolean | undefined;
  #nextProbeMs = 0;
  #nextTryMs = 0;
  #unpublished: string | undefined;

  constructor(netuid: Netuid, options: AnnounceOptions, deps: Deps) {
    this.#netuid = netuid;
    this.#options = options;
    this.#deps = deps;
    this.#wanted = { ip: options.ip, port: options.port };
  }

  /** What shall be shown. */
  get address(): Announcement {
    return this.#wanted;
  }

  /** Does the chain show what it should? */
  get isShown(): boolean {
    return this.#state === "shown";
  }

  /** Undefined before the first probe. */
  get isReachable(): boolean | undefined {
    return this.#isReachable;
  }

  /** At the start: publish, or say when it is possible. @throws SubforgeError MINER_ANNOUNCE_FAILED */
  async open(self: Neuron): Promise<void> {
    await this.#settle(self);
    this.#nextProbeMs = this.#deps.clock.nowMs(); // once it serves, look at once
  }

  /**
   * After each look at the chain. Never throws: what fails is said and tried again a minute later.
   *
   * @param self - The miner's own row; undefined when it has none any more: then nothing is announced, and nobody
   * registers it again but its operator.
   */
  async seen(self: Neuron | undefined): Promise<void> {
    const { clock, logger } = this.#deps;
    if (!self) {
      if (this.#state !== "deregistered") {
        logger.error("miner.announce-stopped", {
          address: formatAddress(this.#wanted),
          reason: "the hotkey has no uid any more",
          next: `run: subforge register --netuid ${this.#netuid}`,
        });
      }
      this.#state = "deregistered";
      return;
    }
    if (this.#state === "deregistered") logger.info("miner.registered-again", { uid: self.uid });
    try {
      if (clock.nowMs() >= this.#nextProbeMs) await this.#lookFromOutside();
      if (clock.nowMs() >= this.#nextTryMs) await this.#settle(self);
    } catch (error) {
      this.#nextTryMs = clock.nowMs() + RETRY_MS;
      if (this.#state !== "failed") logger.error("miner.announce-failed", { error: String(error) });
      this.#state = "failed";
    }
  }

  async #settle(self: Neuron): Promise<void> {
    const { chain, logger, view } = this.#deps;
    if (planAnnouncement(this.#wanted, self.axon, 0, 0).kind === "shown") {
      this.#state = "shown"; // the usual case asks the chain nothing
      return;
    }
    const { block, hyperparameters } = await chain.subnetInfo(this.#netuid);
    const limit = Number(hyperparameters.serving_rate_limit);
    const plan = planAnnouncement(this.#wanted, self.axon, block, limit);
    const address = formatAddress(this.#wanted);
    if (plan.kind === "later") {
      if (this.#state !== "later" || this.#unpublished !== address) {
        const { from, blocksLeft } = plan;
        logger.warn("miner.announce-later", {
          ...{ address, shown: self.axon && formatAddress(self.axon), fromBlock: from, blocksLeft },
          reason: `the chain takes one announcement in ${limit} blocks`,
        });
      }
      this.#state = "later";
      this.#unpublished = address;
      return;
    }
    const included = await publishAddress(this.#netuid, this.#wanted, {
      ...this.#deps,
      readSelf: () => view.refresh(),
    });
    if (included === undefined) return;
    this.#state = "shown";
    logger.info("miner.announced", { ...this.#wanted, block: included });
  }

  /** Is the address still ours, and does it lead here? */
  async #lookFromOutside(): Promise<void> {
    const { clock, logger } = this.#deps;
    const { detect, probe, renew = false } = this.#options;
    this.#nextProbeMs = clock.nowMs() + PROBE_EVERY_MS;
    const ip = await detect?.();
    // An IPv4 address is no news of a miner that is announced by IPv6.
    if (ip !== undefined && ip !== this.#wanted.ip && isIP(ip) === isIP(this.#wanted.ip)) {
      const [from, to] = [this.#wanted, { ...this.#wanted, ip }].map(formatAddress);
      const next = renew
        ? "it is announced as soon as the chain takes it"
        : `run: subforge miner publish --netuid ${this.#netuid} --announce ${to}`;
      logger.warn("miner.address-changed", { from, to, next });
      if (renew) this.#wanted = { ...this.#wanted, ip };
    }
    const reach = await probe?.(this.#wanted);
    if (!reach || reach.verdict === "unknown") return;
    const isReachable = reach.verdict === "reached";
    if (isReachable !== this.#isReachable) {
      const fields = { address: formatAddress(this.#wanted), found: reach.fact };
      if (!isReachable) logger.warn("miner.unreachable", { ...fields, next: reach.next });
      else if (this.#isReachable === false) logger.info("miner.reachable-again", fields);
    }
    this.#isReachable = isReachable;
  }
}
