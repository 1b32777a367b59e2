import {
  counter,
  gauge,
  histogram,
  type MetricTable,
  SECONDS,
  SHORT_SECONDS,
} from "../shared/metrics/metric-spec.ts";
import { PROCESS_METRICS } from "../shared/metrics/process-metrics.ts";

/** Below 0: the caller's clock is ahead of ours. */
const AGES = [-30, -10, -4, -2, -1, -0.5, -0.1, 0, 0.1, 0.25, 0.5, 1, 2, 4, 10, 30];
const ROWS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024];

/**
 * Every metric of a miner. No label says who called or from where: a scrape shows how much work there was, never whose.
 */
export const METRICS = {
  sf_requests_total: counter(
    ["outcome", "protocol"],
    "Requests that ended: outcome is answered, or the code of the refusal",
  ),
  sf_auth_fail_total: counter(
    ["why"],
    "Requests that did not prove who sent them, or whose sender is not wanted",
  ),
  sf_shed_total: counter(["why"], "Requests refused for want of room, time or readiness"),
  sf_answer_seconds: histogram(
    ["route"],
    "seconds",
    SECONDS,
    "From the headers of a request to its answer, refusals left out",
  ),
  sf_request_seconds: histogram(
    ["phase"],
    "seconds",
    SHORT_SECONDS,
    "Parts of admitting a request: verify is the signature, store the replay store",
  ),
  sf_request_age_seconds: histogram(
    [],
    "seconds",
    AGES,
    "Age a request of a known hotkey claims, also when it is refused for it; far from 0, clocks differ",
  ),
  sf_inflight: gauge([], "1", "Requests being answered now"),
  sf_waiting: gauge(["model"], "1", "Requests that wait for the model now"),
  sf_batch_rows: histogram(["model"], "rows", ROWS, "Rows of one run of the model"),
  sf_batch_wait_seconds: histogram(
    ["model"],
    "seconds",
    SECONDS,
    "How long the oldest request of a batch waited for the model",
  ),
  sf_batch_run_seconds: histogram(["model"], "seconds", SECONDS, "How long one run of the model took"),
  sf_session_recycles_total: counter(
    ["model", "reason"],
    "Inference processes that were replaced, by reason",
  ),
  sf_model_ready: gauge(["model"], "1", "1 while the model answers, else 0"),
  sf_model_memory_bytes: gauge(["model"], "bytes", "Memory of the inference processes of a model"),
  sf_provider: gauge(["model", "name"], "1", "1 for the device the model really runs on: cpu or cuda"),
  sf_vram_bytes: gauge(["gpu"], "bytes", "Memory of a GPU in use, by all processes"),
  sf_gpu_utilization_ratio: gauge(["gpu"], "1", "Share of the time in which a GPU had work"),
  sf_chain_view_age_seconds: gauge([], "seconds", "Since the chain was last read; old views let nobody in"),
  sf_registered: gauge([], "1", "1 while the hotkey has a uid on the subnet, else 0"),
  sf_announced: gauge([], "1", "1 while the chain shows the address this miner wants to show, else 0"),
  sf_reachable: gauge([], "1", "1 when the last probe of the announced address met this miner, else 0"),
  sf_incentive_ratio: gauge([], "1", "This miner's share of the subnet's last epoch"),
  sf_clock_skew_seconds: gauge(
    [],
    "seconds",
    "Median age of the last minute's requests when many were refused as stale, else 0",
  ),
  ...PROCESS_METRICS,
} as const satisfies MetricTable;
