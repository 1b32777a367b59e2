import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { FAIL_POINTS } from "../../shared/fail-point.ts";
import { crashPlan } from "./crash-plan.ts";
import { type CrashResult, playCrashes } from "./crash-points.ts";

/** The machine of a test may be busy: an epoch has to last longer than it takes to start two processes. */
const BLOCK_MS = 300;
const SLOW_MS = 180_000;

it("every fail-point is in the plan", () => {
  const planned = new Set(crashPlan().map(({ point }) => point));
  expect(FAIL_POINTS.filter((point) => !planned.has(point))).toEqual([]);
});

it(
  "a validator that dies after its weights were sent finds them on the chain, and breaks no promise",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "subforge-crash-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const crash = crashPlan().find(
      ({ point, method }) => point === "weights.submit.after" && method === "plain",
    )!;
    const results: CrashResult[] = [];
    await playCrashes([crash], { folder, blockMs: BLOCK_MS }, (result) => results.push(result));
    expect(results).toMatchObject([{ ok: true, problems: [], point: "weights.submit.after" }]);
  },
  SLOW_MS,
);
