import { runEpoch } from "../localnet/runtime/consensus/epoch.ts";
import type { EpochInput } from "../localnet/runtime/consensus/epoch-columns.ts";
import type { U16Rows } from "../localnet/runtime/consensus/u16-rows.ts";
import type { ChainEpoch, EpochVotes } from "./chain-epoch.ts";
import type { ChainParams } from "./scenario.ts";

const U16_MAX = 65_535;
/** All stake of the subnet, rao: a million alpha. */
const ALL_STAKE = 1e15;
/** What miners and validators get in one epoch, rao: enough digits for shares. */
const EMISSION = 10n ** 15n;
const NOTHING = 0n;

/** The chain's epoch itself: its own arithmetic, exact in every bit. Weights travel as u16, as `set_weights` has them. */
export function createFixedEpoch(chain: ChainParams, stakes: readonly number[], slots: number): ChainEpoch {
  const validators = stakes.length;
  const n = validators + slots;
  let bonds: U16Rows = emptyRows(n);
  let lastMechanismStepBlock = 0;
  const constant = {
    ...rulesOf(chain),
    n,
    emission: EMISSION,
    alphaStake: Array.from({ length: n }, (_, uid) => BigInt(Math.round((stakes[uid] ?? 0) * ALL_STAKE))),
    taoStake: new Array<bigint>(n).fill(NOTHING),
    validatorPermits: Uint8Array.from({ length: n }, (_, uid) => Number(uid < validators)),
    maxAllowedValidators: validators,
  };

  return {
    run(votes) {
      const result = runEpoch({
        ...constant,
        block: votes.block,
        lastMechanismStepBlock,
        lastUpdate: padded(votes.lastUpdate, n, 0),
        blockAtRegistration: padded(votes.registeredAt, n, validators),
        earliestOpenCommit: [],
        weights: packVotes(votes, validators, slots),
        bonds,
      });
      bonds = result.bonds;
      lastMechanismStepBlock = votes.block;
      return {
        consensus: toShares(result.consensus, validators, n),
        incentive: toShares(result.incentive, validators, n),
        minerEmission: toParts(result.serverEmission, validators, n),
        dividends: toShares(result.dividends, 0, validators),
        validatorTrust: toShares(result.validatorTrust, 0, validators),
        validatorEmission: toParts(result.validatorEmission, 0, validators),
      };
    },
    bonds() {
      const rows = new Float64Array(validators * slots);
      for (let v = 0; v < validators; v++) {
        for (let at = bonds.starts[v]!; at < bonds.starts[v + 1]!; at++) {
          const slot = bonds.columns[at]! - validators;
          if (slot >= 0) rows[v * slots + slot] = bonds.values[at]! / U16_MAX;
        }
      }
      return rows;
    },
  };
}

/** The rules in the chain's own units. */
function rulesOf(chain: ChainParams) {
  const toU16 = (share: number) => Math.round(share * U16_MAX);
  return {
    tempo: chain.tempo,
    taoWeight: NOTHING,
    stakeThreshold: NOTHING,
    ownerUid: undefined,
    commitRevealEnabled: chain.commitReveal,
    // Half of the stake is a majority: the chain's own default is half of 65535, rounded down.
    kappa: Math.floor(chain.kappa * U16_MAX),
    bondsPenalty: toU16(chain.bondsPenalty),
    alphaLow: toU16(chain.alphaLow),
    alphaHigh: toU16(chain.alphaHigh),
    bondsMovingAverage: BigInt(Math.round(chain.bondsMovingAverage * 1_000_000)),
    alphaSigmoidSteepness: Math.round(chain.alphaSteepness * 100),
    activityCutoffFactor: Math.min(0xffffffff, Math.ceil((chain.activityCutoff * 1000) / chain.tempo)),
    yuma3: chain.yuma3,
    liquidAlpha: chain.liquidAlpha,
  } satisfies Partial<EpochInput>;
}

function packVotes({ rows }: EpochVotes, validators: number, slots: number): U16Rows {
  const starts = new Uint32Array(validators + slots + 1);
  const columns = new Uint16Array(validators * slots);
  const values = new Uint16Array(validators * slots);
  let length = 0;
  for (let v = 0; v < validators; v++) {
    const start = v * slots;
    let largest = 0;
    for (let slot = 0; slot < slots; slot++) largest = Math.max(largest, rows[start + slot]!);
    const scale = largest > 0 ? U16_MAX / largest : 0;
    for (let slot = 0; slot < slots; slot++) {
      const value = Math.round(rows[start + slot]! * scale);
      if (value === 0) continue;
      columns[length] = validators + slot;
      values[length++] = value;
    }
    starts[v + 1] = length;
  }
  starts.fill(length, validators + 1);
  return { starts, columns: columns.subarray(0, length), values: values.subarray(0, length) };
}

function emptyRows(n: number): U16Rows {
  return { starts: new Uint32Array(n + 1), columns: new Uint16Array(0), values: new Uint16Array(0) };
}

/** A column of all uids from that of one role. */
function padded(values: Float64Array, n: number, offset: number): Float64Array {
  const column = new Float64Array(n);
  column.set(values, offset);
  return column;
}

function toShares(values: Uint16Array, from: number, to: number): Float64Array {
  return Float64Array.from(values.subarray(from, to), (value) => value / U16_MAX);
}

function toParts(rao: BigUint64Array, from: number, to: number): Float64Array {
  return Float64Array.from({ length: to - from }, (_, i) => Number(rao[from + i]!) / Number(EMISSION));
}
