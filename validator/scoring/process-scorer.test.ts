import { describe, expect, it } from "vitest";
import { silentLogger } from "../../shared/logger.ts";
import { processEntry } from "../../shared/process-entry.ts";
import { processScorer } from "./process-scorer.ts";

describe("a scorer in a process of its own", () => {
  it("starts", async () => {
    const t0 = performance.now();
    const s = await processScorer({ script: processEntry("scorer"), args: ["--template", "hello"], expected: { id: "hello", version: "1" } }, { logger: silentLogger });
    console.log(performance.now() - t0);
    await s.close();
  });
});
