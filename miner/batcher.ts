/** A request that waits for the model. */
export type Waiting = {
  rows: number;
  /** Requests of equal key may share a batch. */
  key: string;
  /** Never shares a batch: it was there when one failed, and alone it shows whether it is the cause. */
  alone: boolean;
  arrivedMs: number;
};

export type BatchLimits = {
  /** Rows of a batch. A request with more runs alone. */
  maxRows: number;
  /** How long the oldest request may wait for company. 0, the default everywhere, never loses throughput. */
  maxWaitMs: number;
};

/**
 * Greedy: what queued up while the last run was busy forms the next batch. The oldest request is always part of it,
 * so nobody starves; later ones of the same key join in their order as long as they fit.
 *
 * @param queue - In order of arrival.
 * @returns An empty batch and the time to wait when it is worth waiting for company, or when nobody waits (Infinity).
 */
export function nextBatch<Request extends Waiting>(
  queue: readonly Request[],
  { maxRows, maxWaitMs }: BatchLimits,
  nowMs: number,
): { batch: Request[]; waitMs: number } {
  const [oldest] = queue;
  if (!oldest) return { batch: [], waitMs: Number.POSITIVE_INFINITY };
  if (oldest.alone) return { batch: [oldest], waitMs: 0 };
  const batch: Request[] = [];
  let rows = 0;
  for (const request of queue) {
    if (rows >= maxRows) break;
    const fits = batch.length === 0 || rows + request.rows <= maxRows;
    if (request.alone || request.key !== oldest.key || !fits) continue;
    batch.push(request);
    rows += request.rows;
  }
  const waitMs = oldest.arrivedMs + maxWaitMs - nowMs;
  return rows < maxRows && waitMs > 0 ? { batch: [], waitMs } : { batch, waitMs: 0 };
}
