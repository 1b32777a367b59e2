import { setImmediate } from "node:timers/promises";
import { SubforgeError } from "../../shared/errors.ts";
import type { SubnetTemplate } from "../../shared/template.ts";
import type { Play } from "../../simulator/analysis/attack-table.ts";
import { simulate } from "../../simulator/simulate.ts";
import { createProgress } from "../output.ts";

/** Between two moments in which a signal is heard. */
const TURN_MS = 50;

/**
 * Plays scenarios one after the other, says on stderr how far it is, and stops when told to.
 *
 * @throws SubforgeError SIM_INTERRUPTED out of the returned function, with what is complete by then
 */
export function createPlay(template: SubnetTemplate | undefined, signal: AbortSignal): Play {
  const say = createProgress();
  const finished: string[] = [];
  return async (scenario) => {
    let runs = 0;
    let turnAt = performance.now();
    const onProgress = async ({ run, epoch }: { run: number; epoch: number }) => {
      say(`${scenario.name}: run ${run} of ${scenario.runs}, epoch ${epoch} of ${scenario.epochs}`);
      if (epoch === scenario.epochs) runs = run;
      if (performance.now() - turnAt < TURN_MS) return;
      await setImmediate();
      turnAt = performance.now();
    };
    try {
      const simulated = await simulate(scenario, { template, signal, onProgress });
      finished.push(scenario.name);
      return simulated;
    } catch (error) {
      if (!signal.aborted) throw error;
      const before = finished.length > 0 ? `${finished.join(", ")} complete, and ` : "";
      const complete = `${before}${runs} of ${scenario.runs} runs of ${scenario.name}`;
      throw new SubforgeError("SIM_INTERRUPTED", { complete }, { cause: error });
    }
  };
}
