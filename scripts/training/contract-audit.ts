import { childSeed, type Random, randomFrom } from "../../shared/rules/beacon.ts";
import { DEFECTS } from "../../subnets/inference/presets/contract-audit/families.ts";
import { contractAudit } from "../../subnets/inference/presets/contract-audit.ts";
import { drawReadings, KINDS, type LabelledContracts } from "./code-places.ts";
import { createCodeReader, type ReaderShape } from "./code-reader.ts";
import { codeReaderToOnnx } from "./code-reader-onnx.ts";
import type { Trained } from "./model-file.ts";
import {
  countOpcodes,
  createCounterTrainer,
  createOpcodeCounter,
  opcodeCounterToOnnx,
} from "./opcode-counter.ts";
import { answerCalibrated, answerContracts, createReaderTrainer } from "./reader-trainer.ts";

/** Nothing up its sleeve: the seed of all training, far from any beacon. */
const SEED = childSeed(new Uint8Array(32), "subforge contract-audit models 1");

const OUTPUTS = DEFECTS.length;
const BATCH = 16;

/** Contracts to learn from, those on which training stops and answers are calibrated, and those that measure. */
const TRAINING_CONTRACTS = 6_000;
const STOP_CONTRACTS = 800;
const HELD_OUT_CONTRACTS = 5_200;

/** Steps between two looks at the quality. */
const LOOK_EVERY = 20;

/**
 * One rung of the ladder: training stops at the first look that sees this quality, or after so many steps. `windows`
 * are those of sights and of places, in instructions.
 */
type Rung = {
  name: string;
  windows: readonly [sights: number, places: number];
  sights: number;
  hidden: number;
  rate: number;
  steps: number;
  stopAt: number;
};

/** From what finds nearly all to barely useful. Each sees a window of its own and misses other things. */
const LADDER: readonly Rung[] = [
  ["contract-audit-92", [11, 17], 16, 40, 0.01, 900, 1] as const,
  ["contract-audit-84", [9, 15], 12, 32, 0.007, 600, 0.84] as const,
  ["contract-audit-74", [9, 13], 12, 28, 0.006, 600, 0.74] as const,
  ["contract-audit-64", [7, 13], 10, 24, 0.006, 600, 0.64] as const,
  ["contract-audit-54", [7, 11], 8, 24, 0.005, 600, 0.54] as const,
  ["contract-audit-44", [5, 9], 6, 20, 0.005, 600, 0.44] as const,
].map(([name, windows, sights, hidden, rate, steps, stopAt]) => ({
  name,
  windows,
  sights,
  hidden,
  rate,
  steps,
  stopAt,
}));

/** Numbers of an embedding. */
const WIDTH = 12;

/** One model for each rung, one that only counts, and one that never learned. */
export function makeContractAuditModels(): Trained[] {
  const training = drawReadings(childSeed(SEED, "training"), TRAINING_CONTRACTS);
  const stop = drawReadings(childSeed(SEED, "stop"), STOP_CONTRACTS);
  const heldOut = drawReadings(childSeed(SEED, "held out"), HELD_OUT_CONTRACTS);
  const learners = LADDER.map((rung) => trainRung(rung, training, stop));
  return [...learners, countingLearner(training), guesser()].map((learner) => measure(learner, heldOut));
}

/** What answers, how it is written down, and how it came about. */
type Learner = {
  name: string;
  answer: (contracts: LabelledContracts) => number[];
  onnx: () => Uint8Array;
  how: string;
};

/** Learns from places, in batches of contracts, until the rung is reached; then learns what its certainty is worth. */
function trainRung(rung: Rung, training: LabelledContracts, stop: LabelledContracts): Learner {
  const { name, steps, rate, stopAt } = rung;
  const random = randomFrom(childSeed(SEED, name));
  const net = createCodeReader(shapeOf(rung), KINDS, random);
  const learn = createReaderTrainer(net);
  const draw = withoutEnd(training.readings, random);
  let step = 0;
  while (step < steps) {
    learn(Array.from({ length: BATCH }, draw), rate * Math.min(1, (1.6 * (steps - step)) / steps));
    step++;
    if (step % LOOK_EVERY !== 0 || stopAt >= 1) continue;
    if (contractAudit.quality(stop.truth, answerCalibrated(net, stop)) >= stopAt) break;
  }
  answerCalibrated(net, stop);
  const { hidden, sights } = net.shape;
  const how = `${hidden} hidden units, ${sights} sights, ${step} steps of ${BATCH} contracts`;
  return {
    name,
    answer: ({ readings }) => answerContracts(net, readings),
    onnx: () => codeReaderToOnnx(name, net),
    how,
  };
}

function shapeOf({ windows, sights, hidden }: Rung): ReaderShape {
  const [sightWindow, window] = windows;
  const kinds = Math.max(...KINDS) + 1;
  return { kinds, width: WIDTH, sightWindow, window, sights, hidden, outputs: OUTPUTS };
}

/** Knows how often each opcode occurs: what is left to it when the generator hides defects well. */
function countingLearner({ truth, readings }: LabelledContracts): Learner {
  const name = "contract-audit-counter";
  const random = randomFrom(childSeed(SEED, name));
  const net = createOpcodeCounter(24, OUTPUTS, random);
  const learn = createCounterTrainer(net);
  const draw = withoutEnd(
    readings.map(({ opcodes }, item) => ({
      opcodes,
      truth: truth.subarray(item * OUTPUTS, (item + 1) * OUTPUTS),
    })),
    random,
  );
  const steps = 3_000;
  for (let step = 0; step < steps; step++) {
    learn(Array.from({ length: BATCH }, draw), 0.003 * (1 - step / steps));
  }
  const h = new Float64Array(net.hidden);
  return {
    name,
    answer: (contracts) => contracts.readings.flatMap(({ opcodes }) => countOpcodes(net, opcodes, h)),
    onnx: () => opcodeCounterToOnnx(name, net),
    how: `counts opcodes, blind to their order, ${net.hidden} hidden units, ${steps} steps of ${BATCH} contracts`,
  };
}

/** Random weights, and no doubt of what they say. */
function guesser(): Learner {
  const name = "contract-audit-guesser";
  const net = createCodeReader(shapeOf(LADDER.at(-1)!), KINDS, randomFrom(childSeed(SEED, name)));
  return {
    name,
    answer: ({ readings }) => answerContracts(net, readings),
    onnx: () => codeReaderToOnnx(name, net),
    how: "random weights, not trained at all",
  };
}

function measure({ name, answer, onnx, how }: Learner, heldOut: LabelledContracts): Trained {
  const y = answer(heldOut);
  return {
    name,
    onnx: onnx(),
    quality: contractAudit.quality(heldOut.truth, y),
    accuracy: accuracyOf(heldOut.truth, y),
    metric: "share of contracts with seven right verdicts",
    how,
  };
}

/** Share of contracts whose verdicts are all right. */
function accuracyOf(truth: Float32Array, y: readonly number[]): number {
  const items = truth.length / OUTPUTS;
  let wrong = 0;
  for (let item = 0; item < items; item++) {
    const isWrong = DEFECTS.some(
      (_, k) => y[item * OUTPUTS + k]! > 0.5 !== (truth[item * OUTPUTS + k] === 1),
    );
    if (isWrong) wrong++;
  }
  return 1 - wrong / items;
}

/** One after the other in random order, then all again in another. */
function withoutEnd<T>(values: readonly T[], random: Random): () => T {
  let order: number[] = [];
  return () => {
    if (order.length === 0) order = random.shuffle(values.length);
    return values[order.pop()!]!;
  };
}
