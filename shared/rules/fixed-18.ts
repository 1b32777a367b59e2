const DECIMALS = 18;
const LIMIT = 2n ** 255n;

/**
 * A number as contracts hold it: a whole number of 10^-18, int256. What is scaled is the shortest decimal that reads back as
 * the number, so that 1.1 is 1100000000000000000 and any language finds the same; half of a last digit goes away from 0.
 *
 * @returns undefined for what is not finite, or beyond int256.
 */
export function toFixed18(value: number): bigint | undefined {
  if (!Number.isFinite(value)) return undefined;
  const [, sign, whole, part = "", exponent] = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(
    value.toExponential(),
  )!;
  const digits = BigInt(`${whole}${part}`);
  const shift = Number(exponent) - part.length + DECIMALS;
  const scaled = shift >= 0 ? digits * 10n ** BigInt(shift) : halfAway(digits, 10n ** BigInt(-shift));
  const signed = sign ? -scaled : scaled;
  return signed >= -LIMIT && signed < LIMIT ? signed : undefined;
}

function halfAway(digits: bigint, unit: bigint): bigint {
  return (2n * digits + unit) / (2n * unit);
}
