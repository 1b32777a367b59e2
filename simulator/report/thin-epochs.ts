import type { Simulated } from "../records.ts";

/** Neuron-epochs that a file holds: some 60 MB of text. */
const MAX_ROWS = 300_000;

/**
 * Which epochs are written to a file: all, or every n-th and the last where the file would become too large to open.
 * Recorded in the file, so that nobody takes the rest for missing.
 */
export function thinEpochs({ scenario, runs }: Simulated): { every: number; epochs: number[] } {
  const rows = scenario.epochs * runs.length * (runs[0]?.neurons.length ?? 0);
  const every = Math.max(1, Math.ceil(rows / MAX_ROWS));
  const epochs: number[] = [];
  for (let epoch = 0; epoch < scenario.epochs; epoch += every) epochs.push(epoch);
  if (epochs.at(-1) !== scenario.epochs - 1) epochs.push(scenario.epochs - 1);
  return { every, epochs };
}
