import { createCodec, createDecoder, u8, u16 } from "@polkadot-api/substrate-bindings";
import { U8 } from "./primitives.ts";
import { createNode, type TypeNode } from "./type-node.ts";

/** In which blocks a transaction may be included. Undefined: in any. Blocks, period a power of two. */
export type Era = { period: number; phase: number } | undefined;

/** Smallest and largest period an era can spell, blocks. */
const MIN_PERIOD = 4;
const MAX_PERIOD = 65_536;

/** One byte 0 for immortal; otherwise two: the period's exponent in the low 4 bits, above it the quantised phase. */
const codec = createCodec<Era>(
  (era) => {
    if (era === undefined) return Uint8Array.of(0);
    const exponent = Math.log2(era.period) - 1;
    return u16.enc(exponent | ((era.phase / quantum(era.period)) << 4));
  },
  createDecoder((input) => {
    const first = u8.dec(input);
    if (first === 0) return undefined;
    const encoded = first | (u8.dec(input) << 8);
    const period = 2 << (encoded & 15);
    const phase = (encoded >> 4) * quantum(period);
    if (period < MIN_PERIOD || period > MAX_PERIOD || phase >= period) throw new RangeError("this is no era");
    return { period, phase };
  }),
);

export const Era: TypeNode<Era> = createNode(
  codec,
  {
    kind: "variant",
    path: ["sp_runtime", "generic", "era", "Era"],
    params: [],
    // That is how the real runtime describes it: clients know the type by its path.
    variants: () => [
      { name: "Immortal", index: 0, fields: [] },
      ...Array.from({ length: 255 }, (_, i) => ({
        name: `Mortal${i + 1}`,
        index: i + 1,
        fields: [{ name: undefined, type: U8, typeName: undefined }],
      })),
    ],
  },
  "Era",
);

/** First block of the era that `current` lies in: its hash is what a mortal transaction signs. */
export function birthBlock(era: Era, current: number): number {
  if (era === undefined) return 0;
  const { period, phase } = era;
  return Math.floor((Math.max(current, phase) - phase) / period) * period + phase;
}

/** Last block in which it may be included, undefined for an immortal one. */
export function lastBlock(era: Era, current: number): number | undefined {
  return era === undefined ? undefined : birthBlock(era, current) + era.period - 1;
}

function quantum(period: number): number {
  return Math.max(period >> 12, 1);
}
