import { describe, expect, test } from "vitest";
import type { ScoredMiner, ValidatorEvent } from "./events.ts";
import { VALIDATOR_METRICS, WORKER_METRICS } from "./metric-table.ts";
import { ValidatorMetrics } from "./metrics.ts";
import { pulseBench } from "./pulse.test-kit.ts";
import { WorkerMetrics } from "./worker-metrics.ts";

const HOTKEY = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
const EPOCH = { netuid: 2, mechanism: 0, epoch: 7 };
const SENT = { uids: [3, 88], values: [65_535, 9] };
const SIGNED = { event: "weights.signed", ...EPOCH, extrinsicHash: "0x01", basis: "scored" } as const;

function miner(uid: number, score: number | null, reason: ScoredMiner["reason"]): ScoredMiner {
  return { hotkey: HOTKEY, uid, score, reason, asked: 4, answered: score ? 4 : 0 };
}

const PLANNED = { event: "epoch.planned", ...EPOCH, startBlock: 100, tempo: 360, jobs: 4, asked: 3 } as const;

/** An epoch of which everything went well but one miner. */
const GOOD_EPOCH: ValidatorEvent[] = [
  PLANNED,
  {
    ...{ event: "epoch.scored", ...EPOCH, asked: 3, answered: 2, ownFaults: 0 },
    scores: [miner(3, 1, "ok"), miner(88, 0.2, "ok"), miner(9, 0, "timeout")],
  },
  { ...SIGNED, sent: SENT },
  { event: "weights.included", ...EPOCH, block: 103, extrinsicHash: "0x01" },
  {
    ...{ event: "weights.verified", ...EPOCH, sent: SENT, readBack: SENT, block: 103 },
    ...{ extrinsicHash: "0x01", basis: "scored" },
  },
];

async function bench() {
  const { pulse, world, blocks } = pulseBench();
  const metrics = new ValidatorMetrics("1.2.3");
  metrics.watch(pulse);
  const tell = (...events: ValidatorEvent[]) => {
    for (const event of events) metrics.onEvent(event);
  };
  return { metrics, pulse, world, blocks, tell };
}

describe("the metrics of a validator", () => {
  test("tell of an epoch: who was asked, why they got what they got, how far its weights are", async () => {
    const { metrics, blocks, tell } = await bench();
    await blocks(3);
    tell(...GOOD_EPOCH);
    const page = await metrics.page();
    const subject = 'netuid="2",mechanism="0"';
    for (const line of [
      `sf_round_asked_total{${subject}} 3`,
      `sf_round_reason_total{${subject},reason="timeout"} 1`,
      `sf_scores_nonzero{${subject}} 2`,
      `sf_weights_state_total{${subject},state="verified"} 1`,
      `sf_weights_last_verified_block{${subject}} 103`,
      `sf_weights_verified_age_tempos{${subject}} 0`,
      'sf_epoch_step_slack_seconds_bucket{le="4800",step="verified"} 1',
      "sf_chain_best_block 103",
      "sf_chain_runtime_spec 424",
      'sf_chain_endpoint_score{endpoint="one.example"} 10',
      'sf_queue_jobs{state="waiting"} 2',
      "sf_queue_oldest_seconds 1.5",
      "sf_queue_effect_duplicates_total 0",
      "sf_worker_processes 2",
    ]) {
      expect(page).toContain(`${line}\n`);
    }
  });

  test("count what is lost, and how old the last good weights are", async () => {
    const { metrics, blocks, tell } = await bench();
    tell(...GOOD_EPOCH);
    tell({ event: "epochs.missed", netuid: 2, mechanism: 0, from: 8, to: 9 });
    const counts = { asked: 3, answered: 0, ownFaults: 0 };
    tell({ event: "epoch.void", ...EPOCH, epoch: 10, reason: "validator-outage", ...counts });
    tell({ event: "weights.abstained", ...EPOCH, epoch: 10, reason: "validator-outage" });
    tell({ event: "worker.stopped", pid: 4, how: "SIGKILL" }, { event: "clock.skewed", skewSeconds: 31 });
    await blocks(543);
    const page = await metrics.page();
    const subject = 'netuid="2",mechanism="0"';
    expect(page).toContain(`sf_weights_missed_epochs_total{${subject}} 3\n`);
    expect(page).toContain(`sf_outage_guard_total{${subject}} 1\n`);
    expect(page).toContain(`sf_weights_verified_age_tempos{${subject}} 1.5\n`);
    expect(page).toContain("sf_worker_restarts_total 1\n");
    expect(page).toContain("sf_clock_skew_seconds 31\n");
  });

  test("count an effect that happened twice: scored again, or other weights; the same weights again are none", async () => {
    const { metrics, tell } = await bench();
    tell(...GOOD_EPOCH, { ...SIGNED, sent: SENT });
    expect(await metrics.page()).toContain("sf_queue_effect_duplicates_total 0\n");
    tell(GOOD_EPOCH[1]!, { ...SIGNED, sent: { uids: [3], values: [1] } });
    expect(await metrics.page()).toContain("sf_queue_effect_duplicates_total 2\n");
  });

  test("show a Redis and a chain that are away", async () => {
    const { metrics, world } = await bench();
    world.queue = undefined;
    world.chain = { ...world.chain, best: undefined, writeProblems: ["set_weights: other arguments"] };
    const page = await metrics.page();
    expect(page).toContain("sf_queue_reachable 0\n");
    expect(page).toContain("sf_chain_writes_stopped 1\n");
  });

  test("hear of the link to the chain: how long questions take, what fails, and when it moves", async () => {
    const { metrics } = await bench();
    const question = { endpoint: "one.example", method: "chain_getHeader", seconds: 0.02 };
    metrics.chain.asked({ ...question, failure: undefined });
    metrics.chain.asked({ ...question, failure: "late" });
    metrics.chain.switched();
    metrics.chain.outcomeUnknown();
    const page = await metrics.page();
    expect(page).toContain('sf_chain_rpc_seconds_count{method="chain_getHeader",endpoint="one.example"} 2\n');
    expect(page).toContain('sf_chain_rpc_errors_total{endpoint="one.example",code="late"} 1\n');
    expect(page).toContain("sf_chain_failovers_total 1\n");
    expect(page).toContain("sf_chain_nonce_unknown_total 1\n");
  });

  test("T41: no page names a hotkey, a uid or an access key, and no label could", async () => {
    const { metrics, blocks, tell } = await bench();
    tell(...GOOD_EPOCH);
    await blocks(1);
    const page = await metrics.page();
    for (const secret of [HOTKEY, "api-key-of-ours", '"88"']) expect(page).not.toContain(secret);
    const labels = [VALIDATOR_METRICS, WORKER_METRICS].flatMap((table) =>
      Object.values(table).flatMap((spec) => [...spec.labels] as string[]),
    );
    expect([...new Set(labels)].sort()).toEqual(
      ["code", "endpoint", "kind", "mechanism", "method", "netuid", "node", "quantile"].concat([
        "reason",
        "state",
        "step",
        "version",
      ]),
    );
  });
});

test("a worker counts its questions by what came of them, and is ready while Redis answers", async () => {
  const metrics = new WorkerMetrics("1.2.3");
  expect((await metrics.ready()).ok).toBe(false);
  let isAway = false;
  metrics.started(async () => {
    if (isAway) throw new Error("Redis is away");
    return pulseBench().world.queue!;
  });
  metrics.answered("ok", 20);
  metrics.answered("timeout", 2_000);
  metrics.signed(0.000_2);
  expect((await metrics.ready()).ok).toBe(true);
  const page = await metrics.page();
  expect(page).toContain('sf_questions_total{reason="timeout"} 1\n');
  expect(page).toContain("sf_answer_latency_seconds_count 1\n");
  expect(page).toContain("sf_sign_seconds_count 1\n");
  isAway = true;
  expect(await metrics.ready()).toEqual({ ok: false, checks: { queue: "Redis does not answer" } });
  expect(await metrics.page()).toContain("sf_queue_reachable 0\n");
});
