import type { Logger } from "../shared/logger.ts";
import { processEntry } from "../shared/process-entry.ts";
import type { SubnetTemplate } from "../shared/template.ts";
import { processScorer } from "../validator/scoring/process-scorer.ts";
import type { Scorer } from "../validator/scoring/scorer.ts";

/**
 * The scorer of one of our templates, in processes of its own.
 *
 * @throws SubforgeError BUILD_MISSING, SCORER_NOT_STARTED
 */
export function openScorer({ id, version }: SubnetTemplate, logger: Logger): Promise<Scorer> {
  return processScorer(
    { script: processEntry("scorer"), args: ["--template", id], expected: { id, version } },
    { logger },
  );
}
