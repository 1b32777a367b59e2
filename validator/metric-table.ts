import {
  counter,
  gauge,
  histogram,
  type MetricTable,
  SECONDS,
  SHORT_SECONDS,
} from "../shared/metrics/metric-spec.ts";
import { PROCESS_METRICS } from "../shared/metrics/process-metrics.ts";

/** Time left when a step ended; below 0 it came too late. On finney an epoch takes 4 320 s. */
const SLACK_SECONDS = [-60, -10, 0, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_200, 2_400, 4_800];

/** A subnet and one of its incentive mechanisms. */
const SUBJECT = ["netuid", "mechanism"] as const;

/** Every metric of a validator. No label says which miner: a scrape shows how much work there was, never whose. */
export const VALIDATOR_METRICS = {
  sf_chain_best_block: gauge([], "blocks", "Number of the best block; 0 while no endpoint can be used"),
  sf_chain_block_age_seconds: gauge([], "seconds", "Since the best block last became a higher one"),
  sf_chain_rpc_seconds: histogram(
    ["method", "endpoint"],
    "seconds",
    SECONDS,
    "From a question to an endpoint of the chain to its end, by host and port",
  ),
  sf_chain_rpc_errors_total: counter(["endpoint", "code"], "Questions to an endpoint that failed, by kind"),
  sf_chain_endpoint_score: gauge(["endpoint"], "1", "-10 to 10: silence and bad answers lower it"),
  sf_chain_endpoint_block: gauge(
    ["endpoint"],
    "blocks",
    "Best block an endpoint told; 0 while it tells none",
  ),
  sf_chain_endpoint_foreign: gauge(["endpoint"], "1", "1 while an endpoint serves another chain, else 0"),
  sf_chain_failovers_total: counter([], "Times another endpoint became the best one"),
  sf_chain_runtime_spec: gauge([], "1", "Version of the chain's runtime in force"),
  sf_chain_writes_stopped: gauge(
    [],
    "1",
    "1 while nothing is signed, because the runtime writes calls in a way not known here, else 0",
  ),
  sf_chain_finality_stalled: gauge([], "1", "1 while blocks are made and do not become final, else 0"),
  sf_chain_nonce_unknown_total: counter([], "Calls that were sent and whose fate was unknown for a while"),
  sf_clock_skew_seconds: gauge(
    [],
    "seconds",
    "How far this machine's clock is ahead of the chain's, when it is by more than blocks explain, else 0",
  ),
  sf_planner_look_age_seconds: gauge([], "seconds", "Since the planner last finished looking at a block"),
  sf_epoch_step_slack_seconds: histogram(
    ["step"],
    "seconds",
    SLACK_SECONDS,
    "Time left of an epoch when a step of it ended: planned, scored, signed, included, verified",
  ),
  sf_round_asked_total: counter(SUBJECT, "Miners that were asked in epochs that ended"),
  sf_round_reason_total: counter(
    [...SUBJECT, "reason"],
    "Miners of scored epochs, by the reason of their score",
  ),
  sf_scores_nonzero: gauge(SUBJECT, "1", "Miners whose last score is above 0"),
  sf_epoch_void_total: counter(
    [...SUBJECT, "reason"],
    "Epochs that were asked and have no scores; scores are kept",
  ),
  sf_outage_guard_total: counter(SUBJECT, "Epochs in which so many miners failed that it must be us"),
  sf_weights_state_total: counter(
    [...SUBJECT, "state"],
    "Weights that reached a state: signed, included, committed, revealed, verified, abstained, failed, shadow",
  ),
  sf_weights_abstained_total: counter([...SUBJECT, "reason"], "Epochs without weights of ours, by reason"),
  sf_weights_last_verified_block: gauge(
    SUBJECT,
    "blocks",
    "Block of the newest weights that were read back from the chain",
  ),
  sf_weights_verified_age_tempos: gauge(
    SUBJECT,
    "1",
    "Tempos since the newest weights that were read back, or since the start; about 1 at most while all is well",
  ),
  sf_weights_missed_epochs_total: counter(
    SUBJECT,
    "Epochs that have no weights of ours: missed, failed or abstained",
  ),
  sf_results_signed_total: counter(SUBJECT, "Results that were signed for consumers, over all topics"),
  sf_queue_jobs: gauge(["state"], "1", "Jobs in the queues: waiting, active, delayed, dead"),
  sf_queue_oldest_seconds: gauge([], "seconds", "Age of the job that waits longest; 0 when none waits"),
  sf_queue_progress_age_seconds: gauge([], "seconds", "How long nothing moved although something waits"),
  sf_queue_stalled_total: counter([], "Jobs that were seen in work while their worker gave no sign of life"),
  sf_queue_reachable: gauge([], "1", "1 when Redis answered the last look, else 0"),
  sf_queue_effect_duplicates_total: counter(
    [],
    "Effects that happened twice: an epoch scored twice, or other weights signed for it. Must stay 0",
  ),
  sf_queue_dead_letters: gauge([], "1", "Jobs that are not tried again"),
  sf_worker_processes: gauge([], "1", "Worker processes of this validator that run now"),
  sf_worker_restarts_total: counter([], "Worker processes that died and were replaced"),
  ...PROCESS_METRICS,
} as const satisfies MetricTable;

/** Every metric of a worker. */
export const WORKER_METRICS = {
  sf_questions_total: counter(["reason"], "Questions to miners that ended, by what came of them"),
  sf_answer_latency_seconds: histogram([], "seconds", SECONDS, "From sending a question to the whole answer"),
  sf_sign_seconds: histogram([], "seconds", SHORT_SECONDS, "Signing one request"),
  sf_queue_reachable: gauge([], "1", "1 when Redis answered the last look, else 0"),
  ...PROCESS_METRICS,
} as const satisfies MetricTable;
