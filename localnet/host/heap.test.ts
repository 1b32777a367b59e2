import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Heap, HeapError } from "./heap.ts";
import { Memory } from "./wasm.ts";

describe("heap", () => {
  it("pointers are aligned, behind the base, and never overlap what is in use", () => {
    const step = fc.record({ size: fc.nat(5_000), free: fc.boolean(), pick: fc.nat() });
    fc.assert(
      fc.property(fc.nat(2_000), fc.array(step, { maxLength: 60 }), (base, steps) => {
        const memory = new Memory({ initial: 1, maximum: 16 });
        const heap = new Heap(memory, base);
        const used: { pointer: number; size: number }[] = [];
        for (const { size, free, pick } of steps) {
          if (free && used.length > 0) {
            heap.free(used.splice(pick % used.length, 1)[0]!.pointer);
            continue;
          }
          const pointer = heap.allocate(size);
          expect(pointer % 8).toBe(0);
          expect(pointer).toBeGreaterThanOrEqual(base);
          expect(pointer + size).toBeLessThanOrEqual(memory.buffer.byteLength);
          for (const other of used)
            expect(pointer + size <= other.pointer || other.pointer + other.size <= pointer).toBe(true);
          used.push({ pointer, size });
        }
      }),
    );
  });

  it("uses again what was freed, so a busy call does not grow", () => {
    const heap = new Heap(new Memory({ initial: 1, maximum: 1 }), 0);
    for (let i = 0; i < 10_000; i++) heap.free(heap.allocate(1_000));
    expect(heap.allocate(1_000)).toBe(0);
  });

  it.each([
    ["more than 32 MiB at once", (heap: Heap) => heap.allocate(32 * 1024 * 1024 + 1)],
    ["more than the memory may hold", (heap: Heap) => heap.allocate(70_000)],
    ["to free what was never allocated", (heap: Heap) => heap.free(64)],
    [
      "to free twice",
      (heap: Heap) => {
        const pointer = heap.allocate(8);
        heap.free(pointer);
        heap.free(pointer);
      },
    ],
  ])("refuses %s", (_, use) => {
    expect(() => use(new Heap(new Memory({ initial: 1, maximum: 1 }), 0))).toThrow(HeapError);
  });
});
