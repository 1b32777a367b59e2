import { existsSync, readFileSync } from "node:fs";
import type { EpochInput } from "./epoch-columns.ts";
import { packRows, type U16Pair, type U16Rows, unpackRow } from "./u16-rows.ts";

/* Test support: reads the conformance vectors that live outside the repository. */

const FOLDER = new URL("../../../../shared/vectors/yuma/", import.meta.url);

/** A public clone has no vectors: tests that need them say so and are skipped. */
export const haveVectors = existsSync(FOLDER);

export function readVectors<Case>(file: string): Case[] {
  return haveVectors ? JSON.parse(readFileSync(new URL(file, FOLDER), "utf8")).cases : [];
}

/** A row, or "=7": the same as that of uid 7. */
type VectorRows = Record<string, U16Pair[] | string>;

export type VectorInput = {
  n: number;
  block: number;
  tempo: number;
  emission: string;
  last_mechanism_step_block: number;
  last_update: number[];
  block_at_registration: number[];
  alpha_stake: string[];
  tao_stake: string[];
  tao_weight: string;
  min_stake: string;
  owner_uid: number | null;
  validator_permits: boolean[];
  commit_reveal: boolean;
  earliest_active_commit_block: Record<string, number>;
  weights: VectorRows;
  bonds: VectorRows;
  kappa: number;
  bonds_penalty: number;
  bonds_moving_average: string;
  max_allowed_validators: number;
  yuma3: boolean;
  liquid_alpha: boolean;
  alpha_low: number;
  alpha_high: number;
  alpha_sigmoid_steepness: number;
  activity_cutoff_factor_milli: number;
};

export type VectorResult = Record<string, (number | string | boolean)[]> & { bonds: VectorRows };

export type VectorStep = {
  label: string;
  variant: "sparse" | "dense";
  input: VectorInput;
  expect: { trace?: Record<string, string[]> };
  reference: VectorResult;
};

export type VectorCase = {
  name: string;
  steps: VectorStep[];
  mechanisms?: {
    count: number;
    split: number[] | null;
    emission: string;
    parts: string[];
    aggregate_reference: Record<string, (number | string | boolean)[]>;
  };
};

export function toEpochInput(input: VectorInput): EpochInput {
  return {
    n: input.n,
    block: input.block,
    tempo: input.tempo,
    emission: BigInt(input.emission),
    lastMechanismStepBlock: input.last_mechanism_step_block,
    lastUpdate: input.last_update,
    blockAtRegistration: input.block_at_registration,
    alphaStake: input.alpha_stake.map(BigInt),
    taoStake: input.tao_stake.map(BigInt),
    taoWeight: BigInt(input.tao_weight),
    stakeThreshold: BigInt(input.min_stake),
    ownerUid: input.owner_uid ?? undefined,
    validatorPermits: input.validator_permits.map(Number),
    commitRevealEnabled: input.commit_reveal,
    earliestOpenCommit: Array.from(
      { length: input.n },
      (_, uid) => input.earliest_active_commit_block[uid] ?? Number.POSITIVE_INFINITY,
    ),
    weights: packRows(toRows(input.weights, input.n)),
    bonds: packRows(toRows(input.bonds, input.n)),
    kappa: input.kappa,
    bondsPenalty: input.bonds_penalty,
    alphaLow: input.alpha_low,
    alphaHigh: input.alpha_high,
    bondsMovingAverage: BigInt(input.bonds_moving_average),
    alphaSigmoidSteepness: input.alpha_sigmoid_steepness,
    maxAllowedValidators: input.max_allowed_validators,
    activityCutoffFactor: input.activity_cutoff_factor_milli,
    yuma3: input.yuma3,
    liquidAlpha: input.liquid_alpha,
  };
}

export function toRows(rows: VectorRows, n: number): readonly U16Pair[][] {
  return Array.from({ length: n }, (_, uid) => {
    const row = rows[uid] ?? [];
    return typeof row === "string" ? (rows[row.slice(1)] as U16Pair[]) : row;
  });
}

/** Rows as lists of pairs, `n` of them. */
export function fromRows(rows: U16Rows, n: number): U16Pair[][] {
  return Array.from({ length: n }, (_, uid) => unpackRow(rows, uid));
}
