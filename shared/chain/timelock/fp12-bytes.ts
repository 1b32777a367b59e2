const COEFFICIENT_BYTES = 48;

type Fp2 = { c0: bigint; c1: bigint };
type Fp6 = { c0: Fp2; c1: Fp2; c2: Fp2 };
type Fp12 = { c0: Fp6; c1: Fp6 };

/**
 * A pairing's value as the chain's library writes it: twelve coefficients of 48 bytes, little-endian, from the inside
 * of the tower out. The curve library's own form is big-endian.
 */
export function fp12ToBytes(value: Fp12): Uint8Array {
  const coefficients = [value.c0, value.c1].flatMap((six) =>
    [six.c0, six.c1, six.c2].flatMap((two) => [two.c0, two.c1]),
  );
  return Buffer.concat(coefficients.map(toLittleEndian));
}

function toLittleEndian(coefficient: bigint): Uint8Array {
  return Buffer.from(coefficient.toString(16).padStart(2 * COEFFICIENT_BYTES, "0"), "hex").reverse();
}
