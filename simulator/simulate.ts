import type { SubnetTemplate } from "../shared/template.ts";
import type { Simulated } from "./records.ts";
import type { Scenario } from "./scenario.ts";

export type SimulateDeps = {
  /** The one that `scenario.template` names. Needed exactly then. */
  template?: SubnetTemplate | undefined;
  signal?: AbortSignal | undefined;
  /** After each epoch. Both count from 1. */
  onProgress?: (done: { run: number; epoch: number }) => void;
};

/**
 * Play a scenario: who earns what, epoch by epoch. Deterministic byte for byte.
 *
 * @throws SubforgeError CONFIG_INVALID when scenario and template do not fit, and what `signal` says when it aborts
 */
export async function simulate(_scenario: Scenario, _deps: SimulateDeps = {}): Promise<Simulated> {
  throw new Error("not there yet");
}
