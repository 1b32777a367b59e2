import type { BenchCase } from "./bench-case.ts";
import { benchConsumer } from "./forecast-consumer.ts";
import { benchSynthesis } from "./forecast-synthesis.ts";

type Part = { cases: BenchCase[]; report: string[] };

/** What a forecast topic costs, one part after the other. */
const PARTS: readonly (() => Promise<Part>)[] = [benchSynthesis, benchConsumer];

export async function benchForecast(): Promise<Part> {
  const found: Part = { cases: [], report: [] };
  for (const part of PARTS) {
    const { cases, report } = await part();
    found.cases.push(...cases);
    found.report.push(...report);
  }
  return found;
}
