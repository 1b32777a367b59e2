import { createHash } from "node:crypto";

/** Numbers drawn from a seed, fast: for worlds that are made up. What a template draws comes from its own beacon. */
export type Noise = {
  /** 0 <= x < 1, in steps of 2^-32. */
  uniform(): number;
  /** Mean 0, standard deviation 1. */
  normal(): number;
};

const TWO_32 = 2 ** 32;
/** A seed's words need some rounds to mix. */
const WARM_UP = 12;

/** The same label, the same numbers (Chris Doty-Humphrey's sfc32, Box and Muller's normals). */
export function noiseFrom(label: string): Noise {
  const seed = createHash("sha256").update(label).digest();
  let a = seed.readInt32LE(0);
  let b = seed.readInt32LE(4);
  let c = seed.readInt32LE(8);
  let counter = 1;
  let spare = Number.NaN;

  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return sum >>> 0;
  };
  for (let i = 0; i < WARM_UP; i++) next();

  const normal = (): number => {
    if (!Number.isNaN(spare)) {
      const value = spare;
      spare = Number.NaN;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log((next() + 0.5) / TWO_32));
    const angle = (2 * Math.PI * next()) / TWO_32;
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  return { uniform: () => next() / TWO_32, normal };
}
