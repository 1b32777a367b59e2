import { GraphRunner } from "../../miner/inference/graph-runner.ts";
import { isSubforgeError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/logger.ts";
import type { GraphRequest, GraphRun } from "../../shared/template.ts";

/**
 * Runs what templates build on the CPU, in processes that hold no key. A graph that may not run, or does not take what it
 * was fed, is an answer; a process that crashed or hung says nothing, for the graph is our own.
 */
export function createGraphRunner(logger: Logger): {
  run(request: GraphRequest, signal: AbortSignal): Promise<GraphRun>;
  close(): Promise<void>;
} {
  const runner = new GraphRunner({}, logger);
  return {
    async run({ graph, feeds, outputs: wanted }, signal) {
      try {
        const outputs = await runner.run(graph, feeds, signal);
        const missing = wanted?.find((name) => !Object.hasOwn(outputs, name));
        if (missing !== undefined) return { problem: `the graph has no output ${missing}` };
        const names = wanted ?? Object.keys(outputs);
        return { outputs: Object.fromEntries(names.map((name) => [name, outputs[name]!])) };
      } catch (error) {
        if (isSubforgeError(error, "INFERENCE_INPUT") || isSubforgeError(error, "MINER_MODEL_INVALID"))
          return { problem: error.message };
        throw error;
      }
    },
    close: () => runner.close(),
  };
}
