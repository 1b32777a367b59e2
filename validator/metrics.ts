import type { ChainStatus } from "../shared/chain/chain.ts";
import type { ChainMeter } from "../shared/chain/chain-meter.ts";
import { endpointName } from "../shared/chain/chain-meter.ts";
import { MetricRegistry } from "../shared/metrics/metric-registry.ts";
import type { QueueStats } from "../shared/queue/queue-stats.ts";
import type { BlockNumber, Netuid } from "../shared/types.ts";
import type { ValidatorEvent } from "./events.ts";
import { VALIDATOR_METRICS } from "./metric-table.ts";
import type { Pulse } from "./pulse.ts";

/** Epochs whose end is remembered, to see one that ends twice. */
const KEEP_EPOCHS = 16;

type Subject = { netuid: Netuid; mechanism: number };
type OfEpoch = Subject & { epoch: number };
type Known = { tempo: number; endBlock: BlockNumber; scored: boolean; content: string | undefined };

/** Counts what a validator tells, and shows what it knows without asking anybody. */
export class ValidatorMetrics extends MetricRegistry<typeof VALIDATOR_METRICS> {
  /** What the link to the chain tells. */
  readonly chain: ChainMeter = {
    asked: ({ endpoint, method, seconds, failure }) => {
      this.histogram("sf_chain_rpc_seconds", { method, endpoint }).observe(seconds);
      if (failure) this.counter("sf_chain_rpc_errors_total", { endpoint, code: failure }).add();
    },
    switched: () => this.counter("sf_chain_failovers_total", {}).add(),
    outcomeUnknown: () => this.counter("sf_chain_nonce_unknown_total", {}).add(),
  };
  readonly #epochs = new Map<string, Known>();
  /** By subject: block of the newest verified weights, or the beginning of the first epoch that was planned. */
  readonly #verified = new Map<string, { subject: Subject; block: BlockNumber; tempo: number | undefined }>();
  #pulse: Pulse | undefined;
  #stalled = 0;

  /** @param version - Of this program. */
  constructor(version?: string) {
    super(VALIDATOR_METRICS, version);
    // Shown from the start: an alert on what is absent never fires.
    this.counter("sf_queue_effect_duplicates_total", {});
    this.counter("sf_chain_failovers_total", {});
    this.counter("sf_chain_nonce_unknown_total", {});
    this.counter("sf_queue_stalled_total", {});
    this.counter("sf_worker_restarts_total", {});
    this.set("sf_clock_skew_seconds", 0, {});
  }

  /** What is only known by looking, at each scrape. */
  watch(pulse: Pulse): void {
    this.#pulse = pulse;
    this.onScrape(async () => {
      await pulse.look();
      this.#showChain(pulse);
      this.#showQueue(pulse.queue);
      this.set("sf_planner_look_age_seconds", pulse.plannerAgeMs / 1e3, {});
      this.set("sf_worker_processes", pulse.workers, {});
      for (const { subject, block, tempo } of this.#verified.values()) {
        if (tempo === undefined) continue; // no epoch was planned yet
        const age = Math.max(0, (pulse.bestBlock ?? block) - block) / tempo;
        this.set("sf_weights_verified_age_tempos", age, labelsOf(subject));
      }
    });
  }

  /** Newest weights that a journal knows to be verified: their age counts from there. */
  lastVerified({ netuid, mechanism }: Subject, block: BlockNumber): void {
    const subject = { netuid, mechanism };
    const { tempo } = this.#verified.get(idOf(subject)) ?? { tempo: undefined };
    this.#verified.set(idOf(subject), { subject, block, tempo });
    this.set("sf_weights_last_verified_block", block, labelsOf(subject));
  }

  onEvent(event: ValidatorEvent): void {
    switch (event.event) {
      case "epoch.planned":
        this.#planned(event, event.startBlock, event.tempo);
        this.#step("planned", event);
        break;
      case "epoch.scored":
        this.#scored(event);
        this.#step("scored", event);
        break;
      case "epoch.void":
        this.#once(event, "scored");
        this.counter("sf_round_asked_total", labelsOf(event)).add(event.asked);
        this.counter("sf_epoch_void_total", { ...labelsOf(event), reason: event.reason }).add();
        if (event.reason === "validator-outage") this.counter("sf_outage_guard_total", labelsOf(event)).add();
        break;
      case "epochs.missed":
        this.#missed(event, event.to - event.from + 1);
        break;
      case "weights.signed":
        this.#once(event, JSON.stringify(event.sent));
        this.#step("signed", event);
        this.#state("signed", event);
        break;
      case "weights.included":
        this.#step("included", event);
        this.#state("included", event);
        break;
      case "weights.committed":
        this.#state("committed", event);
        break;
      case "weights.revealed":
        this.#state("revealed", event);
        break;
      case "weights.shadow":
        this.#state("shadow", event);
        break;
      case "weights.verified":
        this.#step("verified", event);
        this.lastVerified(event, event.block);
        this.#state("verified", event);
        break;
      case "weights.abstained":
        this.counter("sf_weights_abstained_total", { ...labelsOf(event), reason: event.reason }).add();
        this.#missed(event, 1);
        this.#state("abstained", event);
        break;
      case "weights.failed":
        this.#missed(event, 1);
        this.#state("failed", event);
        break;
      case "result.signed":
        this.counter("sf_results_signed_total", labelsOf(event)).add();
        break;
      case "clock.skewed":
        this.set("sf_clock_skew_seconds", event.skewSeconds, {});
        break;
      case "clock.agrees":
        this.set("sf_clock_skew_seconds", 0, {});
        break;
      case "worker.stopped":
        if (event.how !== 0) this.counter("sf_worker_restarts_total", {}).add();
        break;
    }
  }

  #planned(of: OfEpoch, startBlock: BlockNumber, tempo: number): void {
    const known = { tempo, endBlock: startBlock + tempo, scored: false, content: undefined };
    this.#epochs.set(idOf(of), this.#epochs.get(idOf(of)) ?? known);
    for (const old of this.#epochs.keys()) {
      if (this.#epochs.size <= KEEP_EPOCHS) break;
      this.#epochs.delete(old);
    }
    const subject = { netuid: of.netuid, mechanism: of.mechanism };
    const before = this.#verified.get(idOf(subject));
    this.#verified.set(idOf(subject), { subject, block: before?.block ?? startBlock, tempo });
  }

  #scored(event: Extract<ValidatorEvent, { event: "epoch.scored" }>): void {
    this.#once(event, "scored");
    this.counter("sf_round_asked_total", labelsOf(event)).add(event.asked);
    for (const { reason } of event.scores) {
      this.counter("sf_round_reason_total", { ...labelsOf(event), reason }).add();
    }
    const paid = event.scores.filter(({ score }) => score !== null && score > 0).length;
    this.set("sf_scores_nonzero", paid, labelsOf(event));
  }

  /** @param effect - `scored`, or the content that was signed: it may be signed again, another one never. */
  #once(of: OfEpoch, effect: string): void {
    const known = this.#epochs.get(idOf(of));
    if (!known) return;
    const isTwice =
      effect === "scored" ? known.scored : known.content !== undefined && known.content !== effect;
    if (isTwice) this.counter("sf_queue_effect_duplicates_total", {}).add();
    if (effect === "scored") known.scored = true;
    else known.content = effect;
  }

  #step(step: string, of: OfEpoch): void {
    const known = this.#epochs.get(idOf(of));
    const { bestBlock, blockMs } = this.#pulse ?? {};
    if (!known || bestBlock === undefined || blockMs === undefined) return;
    const slack = ((known.endBlock - bestBlock) * blockMs) / 1e3;
    this.histogram("sf_epoch_step_slack_seconds", { step }).observe(slack);
  }

  #state(state: string, subject: Subject): void {
    this.counter("sf_weights_state_total", { ...labelsOf(subject), state }).add();
  }

  #missed(subject: Subject, epochs: number): void {
    this.counter("sf_weights_missed_epochs_total", labelsOf(subject)).add(epochs);
  }

  #showChain({ chain, bestBlock, blockAgeMs }: Pulse): void {
    this.set("sf_chain_best_block", bestBlock ?? 0, {});
    this.set("sf_chain_block_age_seconds", blockAgeMs / 1e3, {});
    this.set("sf_chain_runtime_spec", chain.specVersion ?? 0, {});
    this.set("sf_chain_writes_stopped", chain.writeProblems.length > 0 ? 1 : 0, {});
    this.set("sf_chain_finality_stalled", chain.isFinalityStalled ? 1 : 0, {});
    this.#showEndpoints(chain.endpoints);
  }

  #showEndpoints(endpoints: ChainStatus["endpoints"]): void {
    for (const { endpoint: url, score, block, state } of endpoints) {
      const endpoint = endpointName(url);
      this.set("sf_chain_endpoint_score", score, { endpoint });
      this.set("sf_chain_endpoint_block", block ?? 0, { endpoint });
      this.set("sf_chain_endpoint_foreign", state === "foreign" ? 1 : 0, { endpoint });
    }
  }

  #showQueue(stats: QueueStats | undefined): void {
    this.set("sf_queue_reachable", stats ? 1 : 0, {});
    if (!stats) return;
    for (const [state, jobs] of Object.entries(stats.jobs)) this.set("sf_queue_jobs", jobs, { state });
    this.set("sf_queue_oldest_seconds", (stats.oldestMs ?? 0) / 1e3, {});
    this.set("sf_queue_progress_age_seconds", stats.progressAgeMs / 1e3, {});
    this.set("sf_queue_dead_letters", stats.deadLetters, {});
    this.counter("sf_queue_stalled_total", {}).add(Math.max(0, stats.stalled - this.#stalled));
    this.#stalled = stats.stalled;
  }
}

function idOf({ netuid, mechanism, epoch }: Subject & { epoch?: number }): string {
  return epoch === undefined ? `${netuid}/${mechanism}` : `${netuid}/${mechanism}/${epoch}`;
}

function labelsOf({ netuid, mechanism }: Subject): { netuid: string; mechanism: string } {
  return { netuid: String(netuid), mechanism: String(mechanism) };
}
