import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nextBatch, type Waiting } from "./batcher.ts";

const requests: fc.Arbitrary<Waiting[]> = fc.array(
  fc.record({
    rows: fc.integer({ min: 1, max: 12 }),
    key: fc.constantFrom("a", "b"),
    alone: fc.boolean(),
    arrivedMs: fc.nat(100),
  }),
  { maxLength: 30 },
);
const at = (queue: Waiting[], maxRows: number, maxWaitMs = 0, nowMs = 1_000) =>
  nextBatch(queue, { maxRows, maxWaitMs }, nowMs);
const rowsOf = (batch: Waiting[]) => batch.reduce((sum, { rows }) => sum + rows, 0);

describe("the next batch", () => {
  test("has the oldest request, one key, the order of arrival, and no more rows than fit", () => {
    fc.assert(
      fc.property(requests, fc.integer({ min: 1, max: 10 }), (queue, maxRows) => {
        const { batch } = at(queue, maxRows);
        if (queue.length === 0) return batch.length === 0;
        const positions = batch.map((request) => queue.indexOf(request));
        expect(batch[0]).toBe(queue[0]);
        expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
        expect(new Set(batch.map(({ key }) => key)).size).toBe(1);
        expect(batch.length === 1 || rowsOf(batch) <= maxRows).toBe(true);
        return batch.length === 1 || batch.every(({ alone }) => !alone);
      }),
    );
  });

  test("leaves nobody behind: a queue is served in at most as many batches as it has requests", () => {
    fc.assert(
      fc.property(requests, fc.integer({ min: 1, max: 10 }), (queue, maxRows) => {
        let rest = queue;
        for (let runs = 0; rest.length > 0; runs += 1) {
          expect(runs).toBeLessThan(queue.length);
          const { batch } = at(rest, maxRows);
          rest = rest.filter((request) => !batch.includes(request));
        }
      }),
    );
  });

  test("is as good when requests vanish from the queue while they wait", () => {
    fc.assert(
      fc.property(requests, fc.infiniteStream(fc.boolean()), (queue, stays) => {
        const rest = queue.filter(() => stays.next().value);
        return at(rest, 8).batch.length > 0 === rest.length > 0;
      }),
    );
  });

  test("waits for company only when told to, only while it is not full, and only for the oldest request's time", () => {
    const queue = [{ rows: 2, key: "a", alone: false, arrivedMs: 1_000 }];
    expect(at(queue, 4, 0, 1_000)).toEqual({ batch: queue, waitMs: 0 });
    expect(at(queue, 4, 5, 1_002)).toEqual({ batch: [], waitMs: 3 });
    expect(at(queue, 4, 5, 1_005)).toEqual({ batch: queue, waitMs: 0 });
    expect(at(queue, 2, 5, 1_000)).toEqual({ batch: queue, waitMs: 0 });
    expect(at([], 2, 5, 1_000)).toEqual({ batch: [], waitMs: Number.POSITIVE_INFINITY });
  });
});
