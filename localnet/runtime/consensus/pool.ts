import { minBigint, subU64, U16_MAX, U64_MAX, U64F64, U128_MAX } from "./fixed.ts";
import { powRatio } from "./pool-power.ts";

/** One: weights of the two sides are parts of 10^18. */
const WEIGHT_ONE = 10n ** 18n;
export const EVEN_WEIGHT = WEIGHT_ONE / 2n;
const MIN_WEIGHT = WEIGHT_ONE / 100n;
const MAX_WEIGHT = (WEIGHT_ONE * 99n) / 100n;
/** A swap may bring at most so many times the reserve it goes into. */
const MAX_INPUT_RATIO = 1000n;
/** A pool does not pay out of a smaller reserve, rao. */
export const MIN_RESERVE = 1_000_000n;

/** Reserves in rao, and the weight of the TAO side in parts of 10^18. */
export type Pool = { alpha: bigint; tao: bigint; taoWeight: bigint };

/** TAO per alpha, U64F64; 0 without alpha. */
export function poolPrice({ alpha, tao, taoWeight }: Pool): bigint {
  if (alpha === 0n) return 0n;
  const tilt = U64F64.div(WEIGHT_ONE - taoWeight, taoWeight);
  return U64F64.mul(tilt, U64F64.div(tao, alpha));
}

/** Alpha for so much TAO, rao, without a fee. */
export function buyOutput(pool: Pool, tao: bigint): bigint {
  return paidOut(pool.alpha, remainingRatio(pool.tao, tao, pool.taoWeight, WEIGHT_ONE - pool.taoWeight));
}

/** TAO for so much alpha, rao, without a fee. */
export function sellOutput(pool: Pool, alpha: bigint): bigint {
  return paidOut(pool.tao, remainingRatio(pool.alpha, alpha, WEIGHT_ONE - pool.taoWeight, pool.taoWeight));
}

/** TAO that lifts the price to `target` (U64F64), rao. */
export function buyInputToPrice(price: bigint, target: bigint, pool: Omit<Pool, "alpha">): bigint {
  return grownBy(pool.tao, target, price, WEIGHT_ONE - pool.taoWeight);
}

/** Alpha that lowers the price to `target` (U64F64), rao. */
export function sellInputToPrice(price: bigint, target: bigint, pool: Omit<Pool, "tao">): bigint {
  return grownBy(pool.alpha, price, target, pool.taoWeight);
}

export type SwapKind = "buy" | "sell";
export type SwapError = "SwapInputTooLarge" | "ReservesTooLow" | "PriceLimitExceeded";
/** What a swap moves, rao: `input` went into the pool, `fee` went elsewhere before. */
export type SwapResult = { input: bigint; output: bigint; fee: bigint };

/**
 * Swap against the pool up to a limit price.
 *
 * @param amount - What is offered, fee included, rao. What the limit leaves over is not touched.
 * @param limit - U64F64. @param feeRate - Of 65535.
 */
export function swap(
  pool: Pool,
  kind: SwapKind,
  amount: bigint,
  limit: bigint,
  feeRate: number,
): SwapResult | SwapError {
  const fullFee = feeOn(amount, feeRate);
  const net = subU64(amount, fullFee);
  const [into, outOf] = kind === "buy" ? [pool.tao, pool.alpha] : [pool.alpha, pool.tao];
  const price = poolPrice(pool);

  if (net > into * MAX_INPUT_RATIO) return "SwapInputTooLarge";
  if (outOf < MIN_RESERVE) return "ReservesTooLow";
  if (kind === "buy" ? price >= limit : price <= limit) return "PriceLimitExceeded";

  const whole = isWithinLimit(pool, kind, net, limit);
  const input = whole ? net : inputToLimit(pool, kind, price, limit);
  const rate = BigInt(feeRate);
  const fee = whole ? fullFee : partOf(input, rate, U16_MAX - rate);
  const output = kind === "buy" ? buyOutput(pool, input) : sellOutput(pool, input);
  if (input > 0n && output === 0n) return "ReservesTooLow";
  return { input, output, fee };
}

/** The fee in an amount that is swapped whole, rao. @param feeRate - Of 65535 */
export function feeOn(amount: bigint, feeRate: number): bigint {
  return partOf(amount, BigInt(feeRate), U16_MAX);
}

/**
 * Weight of the TAO side after adding to the reserves on either side, so that the price stays.
 *
 * @returns undefined when the weights would leave 1 % to 99 %: then nothing is added.
 */
export function weightAfterInjection(pool: Pool, addAlpha: bigint, addTao: bigint): bigint | undefined {
  const { alpha, tao, taoWeight } = pool;
  const a = roundPart(WEIGHT_ONE - taoWeight, tao * (alpha + addAlpha));
  const b = roundPart(taoWeight, alpha * (tao + addTao));
  const weight = a + b === 0n ? EVEN_WEIGHT : (WEIGHT_ONE * b) / (a + b);
  return weight < MIN_WEIGHT || weight > MAX_WEIGHT ? undefined : weight;
}

/** Weight of the TAO side with which a new pool opens at `price`, U64F64. */
export function weightForPrice(alpha: bigint, tao: bigint, price: bigint): bigint {
  const value = (price * alpha) >> U64F64.fractionBits;
  return value + tao === 0n ? EVEN_WEIGHT : (WEIGHT_ONE * tao) / (value + tao);
}

/** So many parts of 10^18 of a value, to the nearest integer. */
export function roundPart(parts: bigint, value: bigint): bigint {
  return minBigint((value * parts + WEIGHT_ONE / 2n) / WEIGHT_ONE, U128_MAX);
}

/** Part of the other reserve that stays when `delta` comes in, U64F64. */
export function remainingRatio(reserve: bigint, delta: bigint, up: bigint, down: bigint): bigint {
  const grown = minBigint(reserve + delta, U64_MAX);
  if (grown === 0n) return 0n;
  const scaled = powRatio(reserve, grown, up, down, WEIGHT_ONE);
  return minBigint(U64F64.div(scaled, WEIGHT_ONE), U64F64.one);
}

/** The quotient is truncated before it is multiplied, as on chain. */
function partOf(amount: bigint, num: bigint, den: bigint): bigint {
  const share = U64F64.safeDiv(U64F64.fromInteger(num), U64F64.fromInteger(den));
  return U64F64.toUnsigned(U64F64.mul(U64F64.fromInteger(amount), share), 64);
}

function paidOut(reserve: bigint, remaining: bigint): bigint {
  const gone = U64F64.sub(U64F64.one, remaining);
  return U64F64.toUnsigned(U64F64.mul(U64F64.fromInteger(reserve), gone), 64);
}

function grownBy(reserve: bigint, num: bigint, den: bigint, exponent: bigint): bigint {
  const power = powRatio(num, den, exponent, WEIGHT_ONE, WEIGHT_ONE);
  const growth = U64F64.sub(U64F64.div(power, WEIGHT_ONE), U64F64.one);
  return U64F64.toUnsigned(U64F64.mul(U64F64.fromInteger(reserve), growth), 64);
}

function isWithinLimit(pool: Pool, kind: SwapKind, input: bigint, limit: bigint): boolean {
  if (kind === "buy") {
    const after = { ...pool, tao: pool.tao + input, alpha: pool.alpha - buyOutput(pool, input) };
    return poolPrice(after) <= limit;
  }
  const after = { ...pool, alpha: pool.alpha + input, tao: pool.tao - sellOutput(pool, input) };
  return poolPrice(after) >= limit;
}

function inputToLimit(pool: Pool, kind: SwapKind, price: bigint, limit: bigint): bigint {
  return kind === "buy" ? buyInputToPrice(price, limit, pool) : sellInputToPrice(price, limit, pool);
}
