import { describe, expect, it } from "vitest";
import { MAX_MODULE_BYTES, readRuntimeBlob } from "./runtime-blob.ts";

const PREFIX = [0x52, 0xbc, 0x53, 0x76, 0x46, 0xdb, 0x8e, 0x05];
const WASM = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const ZSTD_MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
/** A frame with a window of 1 MiB and no declared size. */
const FRAME = [...ZSTD_MAGIC, 0x00, 0x50];
const RAW = 0;
const REPEATED = 1;

describe("runtime blob", () => {
  it("is a plain module, or one that is compressed as a chain stores it", () => {
    const plain = Uint8Array.from([...WASM, ...new Array(30).fill(5)]);
    expect(readRuntimeBlob(plain)).toEqual(plain);
    const compressed = [...PREFIX, ...FRAME, ...block(RAW, WASM, 8), ...block(REPEATED, [5], 30, true)];
    expect(new Uint8Array(readRuntimeBlob(Uint8Array.from(compressed)))).toEqual(plain);
  });

  it.each([
    ["what is neither", [1, 2, 3, 4, 5, 6, 7, 8]],
    ["nothing", []],
    ["hex instead of bytes", [...Buffer.from("0x52bc537646db8e05")]],
    ["a frame that is cut", [...PREFIX, ...FRAME, ...block(RAW, WASM, 8)]],
    ["a prefix with nothing behind it", PREFIX],
    ["what is compressed and no module", [...PREFIX, ...FRAME, ...block(REPEATED, [7], 64, true)]],
    [
      "a frame that asks for gigabytes before its first byte",
      [...PREFIX, ...ZSTD_MAGIC, 0x00, 0xa8, ...WASM, ...WASM],
    ],
    ["a frame that is damaged", [...PREFIX, ...FRAME, 0xff, 0xff, 0xff, ...WASM, ...WASM]],
  ])("refuses %s", (_, bytes) => {
    expect(() => readRuntimeBlob(Uint8Array.from(bytes))).toThrow(
      expect.objectContaining({ code: "RUNTIME_BLOB_INVALID" }),
    );
  });

  it("refuses a small file that grows beyond every runtime, before it has grown", () => {
    const size = 128 * 1024;
    const blocks = Array.from({ length: MAX_MODULE_BYTES / size + 2 }, () =>
      block(REPEATED, [0], size),
    ).flat();
    const bomb = Uint8Array.from([...PREFIX, ...FRAME, ...block(RAW, WASM, 8), ...blocks]);
    expect(bomb.length).toBeLessThan(4_000);
    expect(() => readRuntimeBlob(bomb)).toThrow(expect.objectContaining({ code: "RUNTIME_BLOB_INVALID" }));
  });
});

/** A block of a zstd frame: bytes as they are, or one byte `size` times. */
function block(kind: number, bytes: readonly number[], size: number, last = false): number[] {
  const header = (size << 3) | (kind << 1) | (last ? 1 : 0);
  return [header & 0xff, (header >> 8) & 0xff, (header >> 16) & 0xff, ...bytes];
}
