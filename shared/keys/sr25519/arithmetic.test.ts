import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { packageRoot } from "../../process-entry.ts";
import { ROUNDS } from "./oracles.test-kit.ts";

/*
 * The arithmetic under the signatures against plain bigints, at the ends of its ranges: a carry that is lost once in
 * 2^50 products would not show in any number of signatures.
 */

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
/** Bit at which each limb of a field element begins. */
const LIMB_BITS = [0n, 26n, 51n, 77n, 102n, 128n, 153n, 179n, 204n, 230n];
const RUNS = 500 * ROUNDS;

type Address = { value: number };
type Probe = {
  memory: { buffer: ArrayBuffer };
  A: Address;
  B: Address;
  RESULT: Address;
  WIDE: Address;
  multiply(): void;
  square(): void;
  spell(element: number): void;
  reduceWide(): void;
  halve(): void;
  multiplyAdd(): void;
  isReduced(): number;
};
type WasmPlatform = {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
};

/** Limbs up to `looseness` times the size of a product's, often at the very ends. */
const looseLimbs = (looseness: number) =>
  fc.tuple(
    ...LIMB_BITS.map((_, i) => {
      const max = (i % 2 === 0 ? 2 ** 26 : 2 ** 25) * looseness - 1;
      return fc.oneof(fc.integer({ min: -max, max }), fc.constantFrom(0, 1, -1, max, -max));
    }),
  );

/** Below 2^bits, often near a multiple of the group order. */
const numbers = (bits: bigint) =>
  fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** bits - 1n }),
    fc
      .tuple(fc.bigInt({ min: 1n, max: 2n ** (bits - 253n) - 1n }), fc.bigInt({ min: -3n, max: 3n }))
      .map(([times, off]) => times * L + off),
    fc.bigInt({ min: 0n, max: 9n }).map((below) => 2n ** bits - 1n - below),
  );

vi.setConfig({ testTimeout: 20_000 * ROUNDS, hookTimeout: 120_000 });

describe.skipIf(ROUNDS < 2)(
  "arithmetic (compiles for seconds: set SUBFORGE_SR25519_ROUNDS to 2 or more)",
  () => {
    let probe: Probe;
    beforeAll(async () => {
      probe = await compileProbe();
    });

    it("multiplies, squares and spells field elements as loose as the formulas make them", () => {
      const operands = fc.constantFrom([1, 1], [2, 2], [2, 3], [6, 1], [3, 2], [1, 6], [4, 4]);
      const pairs = operands.chain(([a, b]) => fc.tuple(looseLimbs(a!), looseLimbs(b!)));
      fc.assert(
        fc.property(pairs, ([a, b]) => {
          writeLimbs(probe.A, a);
          writeLimbs(probe.B, b);
          probe.multiply();
          expect(spelt(probe.RESULT)).toBe(modulo(numberOf(a) * numberOf(b), P));
          for (const [i, limb] of limbsAt(probe.RESULT).entries()) {
            expect(limb).toBeGreaterThan(-(2 ** 16));
            expect(limb).toBeLessThan((i % 2 === 0 ? 2 ** 26 : 2 ** 25) + 2 ** 16);
          }
        }),
        { numRuns: RUNS },
      );
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 4 }).chain(looseLimbs), (a) => {
          writeLimbs(probe.A, a);
          probe.square();
          expect(spelt(probe.RESULT)).toBe(modulo(numberOf(a) * numberOf(a), P));
        }),
        { numRuns: RUNS },
      );
    });

    it("spells the one number below p, also for limbs that stand near a multiple of p", () => {
      for (const multiple of [0n, P, 2n * P, 2n ** 255n]) {
        for (let off = -40n; off <= 40n; off++) {
          const number = multiple + off;
          writeLimbs(probe.A, toLimbs(number));
          expect(spelt(probe.A)).toBe(modulo(number, P));
        }
      }
    });

    it("reduces, halves, multiplies and adds modulo the group order", () => {
      fc.assert(
        fc.property(numbers(512n), numbers(256n), (wide, other) => {
          write(probe.WIDE, wide, 64);
          probe.reduceWide();
          const a = wide % L;
          expect(read(probe.RESULT)).toBe(a);
          write(probe.A, a, 32);
          expect(probe.isReduced()).toBe(1);
          probe.halve();
          expect((read(probe.RESULT) * 2n) % L).toBe(a);
          expect(read(probe.RESULT)).toBeLessThan(L);
          write(probe.B, other >> 3n, 32);
          write(probe.RESULT, a, 32);
          probe.multiplyAdd();
          expect(read(probe.RESULT)).toBe((a * (other >> 3n) + a) % L);
          write(probe.A, other, 32);
          expect(probe.isReduced() === 1).toBe(other < L);
        }),
        { numRuns: RUNS },
      );
    });

    function writeLimbs({ value }: Address, limbs: readonly number[]): void {
      new Int32Array(probe.memory.buffer, value, 10).set(limbs);
    }

    function limbsAt({ value }: Address): Int32Array {
      return new Int32Array(probe.memory.buffer, value, 10);
    }

    function spelt(element: Address): bigint {
      probe.spell(element.value);
      return read(probe.WIDE);
    }

    function write({ value }: Address, number: bigint, bytes: number): void {
      const at = new Uint8Array(probe.memory.buffer, value, bytes);
      for (let i = 0; i < bytes; i++) at[i] = Number((number >> BigInt(8 * i)) & 255n);
    }

    function read({ value }: Address): bigint {
      const at = new Uint8Array(probe.memory.buffer, value, 32);
      return at.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
    }
  },
);

async function compileProbe(): Promise<Probe> {
  const { default: asc } = await import("assemblyscript/asc");
  const folder = join(packageRoot(), "shared", "keys", "sr25519", "assembly");
  const options = "--runtime stub --optimizeLevel 3 --noAssert --use abort= --enable simd".split(" ");
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    ["arithmetic.test-kit.ts", "--baseDir", folder, "--outFile", "probe.wasm", ...options],
    {
      writeFile: (_name, content) => {
        if (typeof content !== "string") binary = content;
      },
    },
  );
  if (error || !binary) throw new Error(stderr.toString());
  const { Module, Instance } = (globalThis as unknown as { WebAssembly: WasmPlatform }).WebAssembly;
  return new Instance(new Module(binary)).exports as Probe;
}

function numberOf(limbs: readonly number[]): bigint {
  return limbs.reduce((sum, limb, i) => sum + (BigInt(limb) << LIMB_BITS[i]!), 0n);
}

/** The topmost limb takes whatever is left, sign and all. */
function toLimbs(number: bigint): number[] {
  return LIMB_BITS.map((from, i) => {
    const rest = number >> from;
    return Number(i === 9 ? rest : rest & (i % 2 === 0 ? 2n ** 26n - 1n : 2n ** 25n - 1n));
  });
}

function modulo(number: bigint, by: bigint): bigint {
  return ((number % by) + by) % by;
}
