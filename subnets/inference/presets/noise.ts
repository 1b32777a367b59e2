import { childSeed } from "../../../shared/rules/beacon.ts";

const TWO_32 = 2 ** 32;

/**
 * A quick source of normal numbers (mean 0, deviation 1) for the errors of imitated models, the same ones for the same
 * seed. Whoever sees a few of them can tell the rest: never for anything that a miner gets to see.
 *
 * Generator: sfc32 of Doty-Humphrey's PractRand; normals by Marsaglia's polar method.
 */
export function quickNormals(seed: Uint8Array, label: string): () => number {
  const state = childSeed(seed, label);
  const words = new Int32Array(state.buffer.slice(state.byteOffset, state.byteOffset + 16));
  let [a, b, c, counter] = words as unknown as [number, number, number, number];
  let spare: number | undefined;

  const uniform = (): number => {
    const mixed = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + mixed) | 0;
    return (mixed >>> 0) / TWO_32;
  };

  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    let [x, y, square] = [0, 0, 0];
    while (square === 0 || square >= 1) {
      x = 2 * uniform() - 1;
      y = 2 * uniform() - 1;
      square = x * x + y * y;
    }
    const scale = Math.sqrt((-2 * Math.log(square)) / square);
    spare = y * scale;
    return x * scale;
  };
}
