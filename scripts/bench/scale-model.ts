/** What one job costs where, measured; what miners take, assumed. */
export type JobCost = {
  /** CPU of a worker: taking, opening, signing for every miner, sealing the answers. */
  workerMs: number;
  /** CPU of Redis, which has one thread: the question and its answers. */
  redisMs: number;
  /** CPU of the planner: adding the question, taking the answers. */
  plannerMs: number;
  /** Until the slowest of a job's miners has answered. */
  waitMs: number;
};

export type Workload = {
  subnets: number;
  jobsPerEpoch: number;
  tempoMs: number;
  workers: number;
  /** Jobs in hand at once, per worker. */
  concurrency: number;
};

export type Outcome = {
  /** From the beginning of an epoch until its last job is done, ms. */
  epochP50Ms: number;
  epochP99Ms: number;
  /** Share of the time the CPU works. More than 1: it never keeps up. */
  workerBusy: number;
  redisBusy: number;
};

/**
 * One tempo of many subnets, job by job: epochs begin one block after the other, as the chain spreads them by netuid;
 * Redis hands jobs out one by one; a worker computes one at a time and waits for several.
 */
export function simulateTempo(cost: JobCost, load: Workload): Outcome {
  const slots = Array.from({ length: load.workers * load.concurrency }, (_, i) => ({
    freeMs: 0,
    worker: i % load.workers,
  }));
  const cpuFreeMs = new Float64Array(load.workers);
  let redisFreeMs = 0;
  const durations: number[] = [];
  const gapMs = load.tempoMs / load.subnets;
  for (let subnet = 0; subnet < load.subnets; subnet++) {
    const beganMs = subnet * gapMs;
    let lastMs = beganMs;
    for (let job = 0; job < load.jobsPerEpoch; job++) {
      const slot = takeEarliest(slots);
      const handedMs = Math.max(beganMs, slot.freeMs, redisFreeMs) + cost.redisMs;
      redisFreeMs = handedMs;
      const computedMs = Math.max(handedMs, cpuFreeMs[slot.worker]!) + cost.workerMs;
      cpuFreeMs[slot.worker] = computedMs;
      slot.freeMs = computedMs + cost.waitMs;
      lastMs = Math.max(lastMs, slot.freeMs);
      putBack(slots, slot);
    }
    durations.push(lastMs - beganMs);
  }
  durations.sort((a, b) => a - b);
  const jobs = load.subnets * load.jobsPerEpoch;
  return {
    epochP50Ms: durations[Math.floor(durations.length * 0.5)]!,
    epochP99Ms: durations[Math.floor(durations.length * 0.99)]!,
    workerBusy: (jobs * cost.workerMs) / (load.tempoMs * load.workers),
    redisBusy: (jobs * cost.redisMs) / load.tempoMs,
  };
}

type Slot = { freeMs: number; worker: number };

/** A binary heap by the time a slot is free: hundreds of slots, hundreds of thousands of jobs. */
function takeEarliest(heap: Slot[]): Slot {
  const first = heap[0]!;
  const last = heap.pop()!;
  if (heap.length === 0) return first;
  heap[0] = last;
  for (let at = 0; ; ) {
    const left = 2 * at + 1;
    if (left >= heap.length) return first;
    const right = left + 1;
    const least = right < heap.length && heap[right]!.freeMs < heap[left]!.freeMs ? right : left;
    if (heap[at]!.freeMs <= heap[least]!.freeMs) return first;
    [heap[at], heap[least]] = [heap[least]!, heap[at]!];
    at = least;
  }
}

function putBack(heap: Slot[], slot: Slot): void {
  heap.push(slot);
  for (let at = heap.length - 1; at > 0; ) {
    const parent = (at - 1) >> 1;
    if (heap[parent]!.freeMs <= heap[at]!.freeMs) return;
    [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
    at = parent;
  }
}
