import { z } from "zod";
import { type Network, parametersOf } from "./graph/network.ts";

/** Chunks of an opening, answers of a dispute: a state or two and their proofs. */
export const MAX_MESSAGE_BYTES = 8 * 1_048_576;

/** Names, shapes and proofs around the numbers of a state. */
const ROOM_PER_STATE = 4_096;

/** How many states of a network an answer has room for. Each counts twice: as base64, and with what a dispute shows beside it. */
export function statesPerMessage(network: Pick<Network, "family" | "dims">): number {
  const parameters = parametersOf(network).map(({ shape }) => shape.reduce((all, size) => all * size, 1));
  const numbers = 2 * parameters.reduce((sum, count) => sum + count, 0); // each has a velocity
  return Math.floor(MAX_MESSAGE_BYTES / (2 * (4 * numbers + ROOM_PER_STATE)));
}

/** From sending to the last byte, for answers that are known by then. */
export const SHORT_TIMEOUT_MS = 5_000;

/** States are large and may have to be computed again from the ones that are kept. */
export const OPEN_TIMEOUT_MS = 60_000;

/**
 * Random picks that find a tenth of forged intervals with probability 0.99: ln 0.01 / ln 0.9, rounded up
 * (Jia et al. 2021; the derivation is the complement of missing them all).
 */
const AUDITS = 44;

/** The knobs of this subnet. Their defaults are what `subforge dev` runs with: seconds of one core for a solver. */
export const trainingProofKnobs = z.strictObject({
  /** Kind of network: those that `graph/` writes whole. */
  family: z.enum(["mlp"]).default("mlp"),
  /** Of the network, from input to classes. */
  dims: z.array(z.int().min(1).max(4_096)).min(2).max(8).default([64, 32, 10]),
  /** grid: the same bits on every machine. fp32: accepted by distance. */
  mode: z.enum(["grid", "fp32"]).default("grid"),
  intervals: z.int().min(2).max(10_000).default(100),
  stepsPerInterval: z.int().min(1).max(1_000).default(10),
  /** Rows of a minibatch. */
  batch: z.int().min(1).max(128).default(32),
  /** Rows that the solver trains on. */
  rows: z.int().min(2).max(65_536).default(1_024),
  /** Rows that a verifier measures the final model on: nobody knows them before the solver is bound. */
  heldOutRows: z.int().min(8).max(8_192).default(256),
  /** Of the first step, before the job's own factor of 0.75 to 1.25; it falls to a tenth. */
  learningRate: z.number().min(1e-6).max(1).default(0.0625),
  momentum: z.number().min(0).max(0.99).default(0.875),
  weightDecay: z.number().min(0).max(0.1).default(0.0009765625),
  /** Intervals of a solver that are drawn and run again, besides those that are always looked at. */
  audits: z.int().min(1).max(256).default(AUDITS),
  /** fp32: largest distance between a claimed state and the one that comes out, in units of `dRef`. */
  delta: z.number().min(0).max(1).default(1e-5),
  /** fp32: distance between the final parameters of two trainings with different seeds. */
  dRef: z.number().min(1e-6).max(1e6).default(8),
  /** How far a loss of the list may be from what comes out: it is no part of a state, and logarithms differ in the last bits. */
  lossTolerance: z.number().min(0).max(1).default(1e-3),
  /** Held-out loss at which a training is worth its whole price. */
  lossTarget: z.number().min(0).max(100).default(0.5),
  /** Of one verified step. */
  price: z.number().min(1e-6).max(1e6).default(1),
  /** Epochs that a solver has for a job. The next one is offered when they are over. */
  deadlineEpochs: z.int().min(1).max(64).default(1),
  /** Solvers of one job, at least: who disagrees is held against the others. */
  solversPerJob: z.int().min(1).max(256).default(3),
  /** Epochs without pay for whoever was caught. */
  timeOutEpochs: z.int().min(0).max(1_000).default(50),
});

/** A network whose states no solver could show is refused before anything is trained. */
export const trainingProofConfig = trainingProofKnobs.refine((config) => statesPerMessage(config) > 0, {
  path: ["dims"],
  message: `a state of this network does not fit into a message of ${MAX_MESSAGE_BYTES / 1_048_576} MiB`,
});

export type TrainingProofConfig = z.output<typeof trainingProofConfig>;
