import type { WireWeights } from "../chain.ts";
import { byteVector, ScaleReader, u16Vector, u64 } from "./scale-bytes.ts";

/** What a timelocked commit holds: the weights, and whose they are, so that nobody can copy the commit of another. */
export type WeightsPayload = WireWeights & {
  /** Public key of the committer, 32 bytes on the chain. Undefined in the older layout, which the chain still reads. */
  hotkey: Uint8Array | undefined;
  versionKey: bigint;
};

/** SCALE bytes of a payload. Without a hotkey: the older layout. */
export function encodePayload({ hotkey, uids, values, versionKey }: WeightsPayload): Uint8Array {
  const owner = hotkey ? [byteVector(hotkey)] : [];
  return Uint8Array.from(Buffer.concat([...owner, u16Vector(uids), u16Vector(values), u64(versionKey)]));
}

/** Read the layout with a hotkey. Bytes that follow are ignored, as the chain ignores them. @returns undefined when it is none */
export function decodePayload(bytes: Uint8Array): (WeightsPayload & { hotkey: Uint8Array }) | undefined {
  return attempt(() => {
    const reader = new ScaleReader(bytes);
    return { hotkey: reader.byteVector(), ...weightsFrom(reader) };
  });
}

/** Read the older layout. @returns undefined when it is none */
export function decodeOlderPayload(bytes: Uint8Array): WeightsPayload | undefined {
  return attempt(() => ({ hotkey: undefined, ...weightsFrom(new ScaleReader(bytes)) }));
}

function weightsFrom(reader: ScaleReader): Omit<WeightsPayload, "hotkey"> {
  return { uids: reader.u16Vector(), values: reader.u16Vector(), versionKey: reader.u64() };
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
