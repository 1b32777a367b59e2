import { runEpoch } from "../../localnet/runtime/consensus/epoch.ts";
import type { EpochInput } from "../../localnet/runtime/consensus/epoch-columns.ts";
import { packRows, type U16Pair } from "../../localnet/runtime/consensus/u16-rows.ts";
import { type Random, randomFrom } from "../../shared/rules/beacon.ts";

const BLOCK = 7_000_000;
const TEMPO = 360;
const RAO_PER_TAO = 1_000_000_000;

/**
 * A subnet in which the first `validators` uids weigh everybody: each has an own, noisy opinion of the same qualities,
 * stakes differ by orders of magnitude, and the bonds are those that two epochs left.
 */
export function denseSubnet(n: number, validators: number, yuma3: boolean): EpochInput {
  const random = randomFrom(new Uint8Array(32).fill(n % 256));
  const quality = Array.from({ length: n }, () => Math.exp(random.normal()));
  const rows = quality.map((_, uid) => (uid < validators ? opinion(quality, uid, random) : []));
  const stakes = Array.from({ length: n }, (_, uid) =>
    uid < validators ? BigInt(Math.round(RAO_PER_TAO * 1000 * Math.exp(2 * random.normal()))) : 0n,
  );
  let input: EpochInput = {
    n,
    block: BLOCK,
    tempo: TEMPO,
    emission: 148_000_000_000n,
    lastMechanismStepBlock: BLOCK - TEMPO,
    lastUpdate: new Float64Array(n).fill(BLOCK - 100),
    blockAtRegistration: Float64Array.from({ length: n }, (_, uid) => 1000 + uid),
    alphaStake: stakes,
    taoStake: stakes.map((stake) => stake / 3n),
    taoWeight: 3_320_413_933_267_719_290n,
    stakeThreshold: 0n,
    ownerUid: 0,
    validatorPermits: Array.from({ length: n }, (_, uid) => Number(uid < validators)),
    commitRevealEnabled: true,
    earliestOpenCommit: [],
    weights: packRows(rows),
    bonds: packRows(rows.map(() => [])),
    kappa: 32_767,
    bondsPenalty: 65_535,
    alphaLow: 45_875,
    alphaHigh: 58_982,
    bondsMovingAverage: 900_000n,
    alphaSigmoidSteepness: 1000,
    maxAllowedValidators: validators,
    activityCutoffFactor: 13_889,
    yuma3,
    liquidAlpha: false,
  };
  for (let epoch = 0; epoch < 2; epoch++) input = { ...input, bonds: runEpoch(input).bonds };
  return input;
}

/** Weights as the chain stores them: the largest is 65535. Nobody weighs itself. */
function opinion(quality: readonly number[], self: number, random: Random): U16Pair[] {
  const scores = quality.map((value, uid) => (uid === self ? 0 : value * Math.exp(0.2 * random.normal())));
  const largest = Math.max(...scores);
  return scores.flatMap((score, uid) =>
    uid === self ? [] : [[uid, Math.round((65_535 * score) / largest)]],
  );
}
