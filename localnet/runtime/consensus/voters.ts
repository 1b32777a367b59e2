import type { EpochInput } from "./epoch-columns.ts";
import { I32F32, I64F64, U96F32 } from "./fixed.ts";
import { activityCutoffBlocks } from "./schedule.ts";
import { normalise } from "./sparse.ts";
import { fromU64Share } from "./u64-share.ts";

/** Who has a say in an epoch, and how much. One entry per uid. */
export type Voters = {
  /** Set weights recently enough. */
  active: boolean[];
  /** Stake before the threshold, I64F64. */
  totalStake: bigint[];
  /** All stake that counts, and the part that may vote: shares in I32F32. */
  stake: bigint[];
  activeStake: bigint[];
  /** Permits of this epoch, and those of the next. */
  permits: boolean[];
  newPermits: boolean[];
  /** The owner's uid where it has privileges. */
  owner: number | undefined;
};

/** @param owner - Uid that ignores the threshold, always has a permit and may weigh itself. */
export function countVoters(input: EpochInput, owner: number | undefined): Voters {
  const { n } = input;
  const cutoff = activityCutoffBlocks(input.activityCutoffFactor, input.tempo);
  const uids = Array.from({ length: n }, (_, i) => i);
  const active = uids.map((i) => (input.lastUpdate[i] ?? 0) + cutoff >= input.block);
  const totalStake = uids.map((i) => stakeOf(input, i));
  const stake = stakeShares(input, totalStake, owner);

  const permits = uids.map((i) => input.validatorPermits[i] === 1);
  if (owner !== undefined && owner < input.validatorPermits.length) permits[owner] = true;
  const newPermits = topNonZero(stake, input.maxAllowedValidators);
  if (owner !== undefined && owner < n) newPermits[owner] = true;
  // Quirk of the chain: a permit vector of length 0 masks nobody here, though it empties every weight row.
  const masked = input.validatorPermits.length > 0;
  const activeStake = normalise(stake.map((share, i) => (active[i] && (permits[i] || !masked) ? share : 0n)));
  return { active, totalStake, stake, activeStake, permits, newPermits, owner };
}

/** Does the weight of uid `row` for uid `column` count? */
export function isVisibleWeight(
  input: EpochInput,
  { permits, owner }: Voters,
  openCommitMask: boolean,
  row: number,
  column: number,
): boolean {
  if (column >= input.n || !permits[row]) return false;
  if (column === row && row !== owner) return false;
  const registered = input.blockAtRegistration[column] ?? 0;
  if ((input.lastUpdate[row] ?? 0) <= registered) return false;
  const masked = input.commitRevealEnabled && openCommitMask;
  return !(masked && (input.earliestOpenCommit[row] ?? Number.POSITIVE_INFINITY) < registered);
}

/** Is a bond towards `column` older than the neuron that has this uid now? Then it belonged to another one. */
export function isStaleBond(input: EpochInput, column: number): boolean {
  const { block, tempo, lastMechanismStepBlock } = input;
  const lastTempo = lastMechanismStepBlock === 0 ? Math.max(0, block - tempo) : lastMechanismStepBlock + 1;
  return lastTempo <= (input.blockAtRegistration[column] ?? 0);
}

/** Flags of the `k` largest values; zeros never qualify, and of equal values the later ones stay. */
export function topNonZero(vector: readonly bigint[], k: number): boolean[] {
  const keep = vector.map((value) => value !== 0n);
  if (vector.length < k) return keep;
  const ascending = Array.from(vector.keys()).sort(
    (a, b) => Number(vector[a]! > vector[b]!) - Number(vector[a]! < vector[b]!),
  );
  for (const i of ascending.slice(0, vector.length - k)) keep[i] = false;
  return keep;
}

function stakeOf(input: EpochInput, uid: number): bigint {
  const weight = I64F64.from(U96F32, fromU64Share(input.taoWeight));
  const root = I64F64.mul(I64F64.fromInteger(input.taoStake[uid] ?? 0n), weight);
  return I64F64.add(I64F64.fromInteger(input.alphaStake[uid] ?? 0n), root);
}

function stakeShares(input: EpochInput, totalStake: readonly bigint[], owner: number | undefined): bigint[] {
  const counted = totalStake.map((total, i) =>
    I64F64.toUnsigned(total, 64) < input.stakeThreshold && i !== owner ? 0n : total,
  );
  const sum = I64F64.sum(counted);
  return counted.map((total) => I32F32.from(I64F64, sum === 0n ? total : I64F64.safeDiv(total, sum)));
}
