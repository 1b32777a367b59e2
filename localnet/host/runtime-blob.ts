import { Decompress } from "fzstd";
import { SubforgeError } from "../../shared/errors.ts";

/** What a compressed blob begins with, before the zstd frame. Source: polkadot-sdk, sp-maybe-compressed-blob. */
const ZSTD_PREFIX = Uint8Array.of(0x52, 0xbc, 0x53, 0x76, 0x46, 0xdb, 0x8e, 0x05);
const WASM_MAGIC = Uint8Array.of(0x00, 0x61, 0x73, 0x6d);

/** Largest module after decompression, as the real node bounds it: 50 MiB. */
export const MAX_MODULE_BYTES = 50 * 1024 * 1024;

/** Largest blob as it is stored on chain. Real ones take 1.5 to 3 MiB. */
export const MAX_BLOB_BYTES = 16 * 1024 * 1024;

/** Fed to the decompressor at once, so that a bomb is noticed before it went off. */
const CHUNK_BYTES = 64 * 1024;

/**
 * The WebAssembly module inside a runtime blob: plain, or compressed as the chain stores it under `:code`.
 *
 * @throws SubforgeError RUNTIME_BLOB_INVALID
 */
export function readRuntimeBlob(blob: Uint8Array): Uint8Array {
  if (blob.length > MAX_MODULE_BYTES) throw invalid(`it has ${blob.length} bytes`);
  if (startsWith(blob, WASM_MAGIC)) return blob;
  if (!startsWith(blob, ZSTD_PREFIX))
    throw invalid("it begins neither like WebAssembly nor like a compressed blob");
  if (blob.length > MAX_BLOB_BYTES) throw invalid(`it has ${blob.length} bytes`);
  const module = decompress(blob.subarray(ZSTD_PREFIX.length));
  if (!startsWith(module, WASM_MAGIC)) throw invalid("what it holds is no WebAssembly");
  return module;
}

function decompress(compressed: Uint8Array): Uint8Array {
  if (!(declaredWindow(compressed) <= MAX_MODULE_BYTES))
    throw invalid("its compression asks for too much memory");
  const parts: Uint8Array[] = [];
  let size = 0;
  let ended = false;
  const stream = new Decompress((part, final) => {
    size += part.length;
    if (size > MAX_MODULE_BYTES) throw invalid(`it holds more than ${MAX_MODULE_BYTES} bytes`);
    parts.push(part);
    ended ||= final === true;
  });
  try {
    for (let at = 0; at < compressed.length; at += CHUNK_BYTES)
      stream.push(compressed.subarray(at, at + CHUNK_BYTES), at + CHUNK_BYTES >= compressed.length);
  } catch (error) {
    if (error instanceof SubforgeError) throw error;
    throw invalid(`it cannot be decompressed: ${String(error)}`);
  }
  if (!ended) throw invalid("it is cut short");
  return Buffer.concat(parts);
}

/**
 * Memory a zstd frame asks for before the first byte is out: 0 for what is no frame, NaN for one that is cut.
 * Source: RFC 8878, section 3.1.1.1.
 */
function declaredWindow(frame: Uint8Array): number {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.length < 18) return Number.NaN;
  if (view.getUint32(0, true) !== 0xfd2f_b528) return 0;
  const flags = view.getUint8(4);
  const singleSegment = (flags & 0x20) !== 0;
  if (!singleSegment) {
    const window = view.getUint8(5);
    return 2 ** (10 + (window >> 3)) * (1 + (window & 7) / 8);
  }
  const at = 5 + [0, 1, 2, 4][flags & 3]!;
  const sizeFlag = flags >> 6;
  if (sizeFlag === 0) return view.getUint8(at);
  if (sizeFlag === 1) return view.getUint16(at, true) + 256;
  return sizeFlag === 2 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true));
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return prefix.every((byte, i) => bytes[i] === byte);
}

function invalid(problem: string): SubforgeError {
  return new SubforgeError("RUNTIME_BLOB_INVALID", { problem });
}
