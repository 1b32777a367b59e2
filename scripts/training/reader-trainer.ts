import { MAX_INSTRUCTIONS } from "../../subnets/inference/presets/contract-audit/contract.ts";
import { createAdam } from "./adam.ts";
import { calibrate } from "./calibrate.ts";
import type { LabelledContracts } from "./code-places.ts";
import {
  type CodeReader,
  createTrace,
  judge,
  learnPlaces,
  lookUps,
  parametersOf,
  type Reading,
  spread,
  toProbabilities,
} from "./code-reader.ts";

/** Steps of Adam on batches of contracts. */
export function createReaderTrainer(net: CodeReader): (batch: readonly Reading[], rate: number) => void {
  const { kinds, sightWindow, window, sights, hidden } = net.shape;
  const values = parametersOf(net);
  const gradients = values.map(({ length }) => new Float64Array(length));
  const step = createAdam(values, gradients);
  const trace = createTrace(net.shape, MAX_INSTRUCTIONS);
  const gathered = {
    sight: new Float64Array(sightWindow * kinds * sights),
    local: new Float64Array(window * kinds * hidden),
  };
  return (batch, rate) => {
    const tables = lookUps(net);
    gathered.sight.fill(0);
    gathered.local.fill(0);
    for (const reading of batch) learnPlaces(net, tables, reading, trace, gradients, gathered);
    spread(net, gathered, gradients);
    for (const gradient of gradients) {
      for (let i = 0; i < gradient.length; i++) gradient[i]! /= batch.length;
    }
    step(rate);
  };
}

/** Fits what each output's certainty is worth, and answers with that. @returns [contracts, outputs] */
export function answerCalibrated(net: CodeReader, { truth, readings }: LabelledContracts): number[] {
  const { outputs } = net.shape;
  const highest = highestOf(net, readings);
  for (let k = 0; k < outputs; k++) {
    const seen = highest
      .map((row, item) => ({ z: row[k]!, isFlawed: truth[item * outputs + k] === 1 }))
      .filter(({ z }) => Number.isFinite(z)); // the others have no place to ask at
    const { scale, shift } = calibrate(seen);
    net.scale[k] = scale;
    net.shift[k] = shift;
  }
  return highest.flatMap((row) => toProbabilities(net, row));
}

/** @returns Probabilities [contracts, outputs], row-major. */
export function answerContracts(net: CodeReader, readings: readonly Reading[]): number[] {
  return highestOf(net, readings).flatMap((row) => toProbabilities(net, row));
}

function highestOf(net: CodeReader, readings: readonly Reading[]): Float64Array[] {
  const tables = lookUps(net);
  const trace = createTrace(net.shape, MAX_INSTRUCTIONS);
  return readings.map((reading) => judge(net, tables, reading, trace));
}
