import type { U16Rows } from "./u16-rows.ts";

/**
 * What one epoch of one mechanism reads. Columns have one entry per uid; where a shorter one is legal, the docstring
 * says what a missing entry means. Block numbers are whole numbers below 2^53.
 */
export type EpochInput = {
  /** Number of uids. */
  n: number;
  block: number;
  /** Blocks. */
  tempo: number;
  /** Alpha to distribute, rao. */
  emission: bigint;
  /** Block of the last successful epoch, 0 when there was none. */
  lastMechanismStepBlock: number;
  /** Block of the last accepted weights. Missing: 0. */
  lastUpdate: ArrayLike<number>;
  /** Missing: 0. */
  blockAtRegistration: ArrayLike<number>;
  /** Inherited stake on the subnet and on root, rao. */
  alphaStake: ArrayLike<bigint>;
  taoStake: ArrayLike<bigint>;
  /** What one rao on root counts, of 2^64 - 1. */
  taoWeight: bigint;
  /** Stake below this does not count, rao. */
  stakeThreshold: bigint;
  ownerUid: number | undefined;
  /** Flags the previous epoch stored. Missing: no permit; none at all: nobody loses active stake. */
  validatorPermits: ArrayLike<number>;
  commitRevealEnabled: boolean;
  /** Block of the oldest unexpired weight commit per uid, `Infinity` where there is none. Missing: `Infinity`. */
  earliestOpenCommit: ArrayLike<number>;
  weights: U16Rows;
  bonds: U16Rows;
  /** u16 shares. */
  kappa: number;
  bondsPenalty: number;
  alphaLow: number;
  alphaHigh: number;
  /** Millionths. */
  bondsMovingAverage: bigint;
  /** i16. */
  alphaSigmoidSteepness: number;
  maxAllowedValidators: number;
  /** Thousandths of a tempo. */
  activityCutoffFactor: number;
  yuma3: boolean;
  /** Counts only together with `yuma3`. */
  liquidAlpha: boolean;
};

/** What an epoch writes, one entry per uid. Shares are u16, amounts rao. */
export type EpochResult = {
  incentive: Uint16Array;
  dividends: Uint16Array;
  consensus: Uint16Array;
  validatorTrust: Uint16Array;
  stakeWeight: Uint16Array;
  serverEmission: BigUint64Array;
  validatorEmission: BigUint64Array;
  emission: BigUint64Array;
  stake: BigUint64Array;
  /** 1 or 0. */
  active: Uint8Array;
  newPermits: Uint8Array;
  bonds: U16Rows;
};
