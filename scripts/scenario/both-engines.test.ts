import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { silentLogger } from "../../shared/logger.ts";
import { compareEngines } from "./compare-engines.ts";

const EPOCHS = 5;
const file = process.env.SUBFORGE_RUNTIME;

describe.skipIf(!file)("both engines (skipped unless SUBFORGE_RUNTIME names a runtime blob)", () => {
  it("give equal incentive, dividends and stake weight in every epoch of a subnet's life", async () => {
    const runtime = new Uint8Array(readFileSync(file!));
    const { builtIn, real, differences } = await compareEngines({ runtime, epochs: EPOCHS }, silentLogger);
    expect(differences).toEqual([]);
    expect(real.specVersion).not.toBe(builtIn.specVersion);
    expect(real.epochs).toHaveLength(EPOCHS);
    for (const { incentive, dividends } of real.epochs) {
      expect(incentive.filter((share) => share > 0)).toHaveLength(3);
      expect(dividends.filter((share) => share > 0)).toHaveLength(2);
    }
  }, 120_000);
});
