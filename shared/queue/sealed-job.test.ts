import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { jobId, queueName } from "./job-ids.ts";
import { openJob, sealJob } from "./sealed-job.ts";
import { isStuck } from "./watchdog.ts";

const KEY = new Uint8Array(32).fill(7);
const SCHEMA = z.strictObject({ n: z.number() });
const GENESIS = `0x${"01".repeat(32)}` as const;

describe("a sealed job", () => {
  it("opens to what was sealed", () => {
    const sealed = JSON.parse(JSON.stringify(sealJob({ n: 1 }, KEY, "q/1")));
    expect(openJob(SCHEMA, sealed, KEY, "q/1")).toEqual({ n: 1 });
  });

  it("is refused with any character changed, elsewhere, or by another key", () => {
    const sealed = sealJob({ n: 12 }, KEY, "q/1");
    const tampered = { code: "QUEUE_JOB_TAMPERED" };
    for (const field of ["body", "tag"] as const) {
      for (let i = 0; i < sealed[field].length; i++) {
        const changed = String.fromCharCode(sealed[field].charCodeAt(i) ^ 1);
        const text = sealed[field].slice(0, i) + changed + sealed[field].slice(i + 1);
        expect(() => openJob(SCHEMA, { ...sealed, [field]: text }, KEY, "q/1")).toThrow(
          expect.objectContaining(tampered),
        );
      }
    }
    expect(() => openJob(SCHEMA, sealed, KEY, "q/2")).toThrow(expect.objectContaining(tampered));
    expect(() => openJob(SCHEMA, sealed, new Uint8Array(32), "q/1")).toThrow(
      expect.objectContaining(tampered),
    );
  });

  it("of another shape is refused although its tag is right", () => {
    expect(() => openJob(SCHEMA, sealJob({ n: 1, more: 2 }, KEY, "q"), KEY, "q")).toThrow(
      expect.objectContaining({ code: "QUEUE_JOB_TAMPERED" }),
    );
  });

  it("of another version is told apart, so that it can be handed back", () => {
    expect(() => openJob(SCHEMA, { ...sealJob({ n: 1 }, KEY, "q"), v: 3 }, KEY, "q")).toThrow(
      expect.objectContaining({ code: "QUEUE_JOB_VERSION", retryable: true }),
    );
  });

  it("never opens, and never throws anything but our errors, for arbitrary data", () => {
    fc.assert(
      fc.property(fc.anything(), (data) => {
        expect(() => openJob(SCHEMA, data, KEY, "q")).toThrow(
          expect.objectContaining({ name: "SubforgeError" }),
        );
      }),
      { numRuns: 500 },
    );
  });
});

describe("names", () => {
  const scope = { genesis: GENESIS, validator: "5Grw", netuid: 2, template: "hello" };

  it("differ when any part of what they name differs, and hold no colon", () => {
    const job = { mechanism: 0, epoch: 7, stage: "ask", taskId: "t-1", group: 0, attempt: 0 };
    const ids = [
      jobId(job),
      jobId({ ...job, mechanism: 1 }),
      jobId({ ...job, epoch: 8 }),
      jobId({ ...job, stage: "reveal" }),
      jobId({ ...job, taskId: 't-1","' }),
      jobId({ ...job, group: 1 }),
      jobId({ ...job, attempt: 1 }),
    ];
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.join()).not.toContain(":");
    const names = [scope, { ...scope, validator: "5Fx" }, { ...scope, netuid: 3 }].map((s) =>
      queueName("dispatch", s),
    );
    expect(new Set(names).size).toBe(3);
  });
});

describe("the watchdog", () => {
  const idle = { lastProgressMs: 0, waiting: 5, running: 0, concurrency: 8, stuckMs: 10_000 };

  it.each([
    ["work waits and nothing moved for long", idle, 10_001, true],
    ["it moved lately", idle, 9_999, false],
    ["nothing waits", { ...idle, waiting: 0 }, 99_999, false],
    ["Redis did not say", { ...idle, waiting: undefined }, 99_999, false],
    ["its hands are full", { ...idle, running: 8 }, 99_999, false],
  ])("when %s", (_, progress, nowMs, expected) => {
    expect(isStuck(progress, nowMs)).toBe(expected);
  });
});
