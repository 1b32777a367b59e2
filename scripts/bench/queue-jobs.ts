import { silentLogger } from "../../shared/logger.ts";
import { packTargets } from "../../shared/queue/dispatch-targets.ts";
import {
  type DispatchJob,
  type DispatchQueue,
  type NewDispatchJob,
  openBoundedDispatchQueue,
} from "../../shared/queue/queues.ts";

/** As a first stage has it that is open for an hour. */
export const BENCH_URGENCY = { later: false, leftMs: 3_600_000 };

/** More than any benchmark adds. */
const MAX_WAITING = 2_000_000;

/** A queue of the kind that brings questions to workers. @param name - Fresh for each measurement. */
export function openBenchQueue(url: string, name: string): Promise<DispatchQueue> {
  const scope = { genesis: `0x${"00".repeat(32)}` as const, validator: name, netuid: 1, template: "bench" };
  return openBoundedDispatchQueue(scope, KEY, { url, logger: silentLogger }, MAX_WAITING);
}

/** A question to 32 miners: some 4 KB. */
export function benchJob(n: number): DispatchJob {
  return {
    ...{ mechanism: 0, epoch: n % 1_000, stage: "ask", taskId: `t-${n}`, group: 0, attempt: 0 },
    ...{ version: "1.0.0", synapse: "infer", task: { seed: n, text: "x".repeat(256) }, targets: TARGETS },
    expiresAtMs: Date.now() + BENCH_URGENCY.leftMs,
  };
}

/** As a planner hands it in. */
export function packBenchJob(job: DispatchJob): NewDispatchJob {
  return { ...job, targets: packTargets(job.targets) };
}

const KEY = new Uint8Array(32).fill(7);

const TARGETS = Array.from({ length: 32 }, (_, i) => ({
  hotkey: `5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKut${String(i).padStart(2, "0")}`,
  ip: `203.0.113.${i}`,
  port: 8091,
}));
