import { realpathSync } from "node:fs";
import type { Logger } from "../shared/logger.ts";
import { processEntry } from "../shared/process-entry.ts";
import type { SubnetTemplate } from "../shared/template.ts";
import { processScorer } from "../validator/scoring/process-scorer.ts";
import type { Scorer } from "../validator/scoring/scorer.ts";
import { originOf } from "./template-folder/load-template.ts";

/**
 * The scorer of a template, in processes of its own. One from a folder may read its compiled file and nothing else there.
 *
 * @throws SubforgeError BUILD_MISSING, SCORER_NOT_STARTED
 */
export function openScorer(template: SubnetTemplate, logger: Logger): Promise<Scorer> {
  const { id, version } = template;
  const file = originOf(template)?.file;
  return processScorer(
    {
      script: processEntry("scorer"),
      args: file === undefined ? ["--template", id] : ["--file", realpathSync(file)],
      expected: { id, version },
      readable: file === undefined ? [] : [realpathSync(file)],
    },
    { logger },
  );
}
