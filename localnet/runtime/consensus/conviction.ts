import { exp } from "./exponential.ts";
import { I64F64, maxBigint, U64F64 } from "./fixed.ts";

/** Smaller exponents give the same as this one. */
const MIN_EXPONENT = I64F64.fromInteger(-40n);
/** A lock with less mass and less conviction is gone. */
const DUST = 100n;

/** Locked alpha and how long it has been so. */
export type Lock = {
  /** rao. */
  mass: bigint;
  /** U64F64. */
  conviction: bigint;
  /** Block of the last update. */
  last: bigint;
};

export type LockRates = { unlock: bigint; maturity: bigint };
export type LockKind = { perpetual: boolean; owner: boolean };

/** e^(-dt / tau), U64F64. */
export function decay(dt: bigint, tau: bigint): bigint {
  if (dt === 0n) return U64F64.one;
  if (tau === 0n) return 0n;
  const exponent = I64F64.div(I64F64.fromInteger(-dt), I64F64.fromInteger(tau));
  return U64F64.from(I64F64, exp(I64F64, maxBigint(exponent, MIN_EXPONENT)) ?? 0n);
}

/** A lock as it stands at `now`: mass unlocks, conviction matures. */
export function rollLock(lock: Lock, now: bigint, rates: LockRates, kind: LockKind): Lock {
  const dt = now > lock.last ? now - lock.last : 0n;
  const unlocked = decay(dt, rates.unlock);
  const mature = decay(dt, rates.maturity);
  const mass = kind.perpetual ? lock.mass : multiply(lock.mass, unlocked);
  const growth = dt === 0n ? 0n : growthOf(dt, rates, kind, unlocked, mature);
  const grown = U64F64.add(
    U64F64.mul(mature, lock.conviction),
    U64F64.mul(U64F64.fromInteger(lock.mass), growth),
  );
  const conviction = kind.owner ? U64F64.fromInteger(mass) : grown;
  if (mass < DUST && conviction < U64F64.fromInteger(DUST)) return { mass: 0n, conviction: 0n, last: now };
  return { mass, conviction, last: now };
}

function growthOf(
  dt: bigint,
  { unlock, maturity }: LockRates,
  { perpetual }: LockKind,
  unlocked: bigint,
  mature: bigint,
): bigint {
  if (perpetual) return U64F64.sub(U64F64.one, mature);
  if (unlock === 0n || maturity === 0n) return 0n;
  if (unlock === maturity) {
    return U64F64.mul(U64F64.div(U64F64.fromInteger(dt), U64F64.fromInteger(maturity)), mature);
  }
  const difference = I64F64.sub(I64F64.from(U64F64, unlocked), I64F64.from(U64F64, mature));
  const scaled = I64F64.mul(I64F64.fromInteger(unlock), difference);
  const fraction = I64F64.div(scaled, I64F64.fromInteger(unlock - maturity));
  return U64F64.from(I64F64, maxBigint(fraction, 0n));
}

function multiply(amount: bigint, share: bigint): bigint {
  return U64F64.toUnsigned(U64F64.mul(U64F64.fromInteger(amount), share), 64);
}
