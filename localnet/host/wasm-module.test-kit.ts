/*
 * Small WebAssembly modules, written byte by byte: runtimes that do one thing, for tests of the host around them.
 */

const TYPES = { i32: 0x7f, i64: 0x7e } as const;
type ValueType = keyof typeof TYPES;
type Signature = { takes: ValueType[]; gives?: ValueType };

/** What every runtime function is: pointer and length of its arguments in, a span out. */
const RUNTIME_FUNCTION: Signature = { takes: ["i32", "i32"], gives: "i64" };

export type TestModule = {
  imports?: { name: string; signature: Signature }[];
  /** Bodies of runtime functions by name. Imported functions have the numbers 0, 1, … in their order. */
  functions: Record<string, readonly number[]>;
  memory?: { initial: number; maximum?: number };
  heapBase?: number;
  /** How many variables live outside the memory; each begins with 0. The first is global 1. */
  variables?: number;
};

/** Opcodes for bodies. */
export const op = {
  unreachable: [0x00],
  drop: [0x1a],
  get: (local: number) => [0x20, local],
  call: (index: number) => [0x10, index],
  i32: (value: number) => [0x41, ...signed(value)],
  i64: (value: bigint) => [0x42, ...signed(value)],
  /** Again and again, for ever. */
  loop: (body: readonly number[]) => [0x03, 0x40, ...body, 0x0c, 0x00, 0x0b],
  /** Adds one to a variable, and answers a span of that length. */
  count: (global: number) => [
    0x23,
    global,
    ...[0x41, 1, 0x6a],
    0x24,
    global,
    0x23,
    global,
    0xad,
    0x42,
    0x20,
    0x86,
  ],
  /** Writes 5 to an address of the memory. */
  poke: (address: number) => [0x41, ...signed(address), 0x41, 5, 0x3a, 0, 0],
  /** A span as long as the byte at an address says. */
  peek: (address: number) => [0x41, ...signed(address), 0x31, 0, 0, 0x42, 0x20, 0x86],
  /** The span of the arguments: what an echo answers. */
  argumentSpan: [0x20, 0x01, 0xad, 0x42, 0x20, 0x86, 0x20, 0x00, 0xad, 0x84],
} as const;

export function buildModule({
  imports = [],
  functions,
  memory,
  heapBase = 1_024,
  variables = 0,
}: TestModule): Uint8Array {
  const names = Object.keys(functions);
  const bodies = Object.values(functions);
  const limits = memory ?? { initial: 1 };
  const memoryType =
    limits.maximum === undefined
      ? [0, ...unsigned(limits.initial)]
      : [1, ...unsigned(limits.initial), ...unsigned(limits.maximum)];
  const types = [RUNTIME_FUNCTION, ...imports.map(({ signature }) => signature)];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, types.map(functionType)),
    ...section(2, [
      ...imports.map(({ name }, i) => [...text("env"), ...text(name), 0x00, i + 1]),
      [...text("env"), ...text("memory"), 0x02, ...memoryType],
    ]),
    ...section(
      3,
      bodies.map(() => [0]),
    ),
    ...section(6, [
      [0x7f, 0x00, ...op.i32(heapBase), 0x0b],
      ...Array.from({ length: variables }, () => [0x7f, 0x01, ...op.i32(0), 0x0b]),
    ]),
    ...section(7, [
      [...text("__heap_base"), 0x03, 0x00],
      ...names.map((name, i) => [...text(name), 0x00, ...unsigned(imports.length + i)]),
    ]),
    ...section(
      10,
      bodies.map((body) => sized([0x00, ...body, 0x0b])),
    ),
  ]);
}

function functionType({ takes, gives }: Signature): number[] {
  const results = gives === undefined ? [0] : [1, TYPES[gives]];
  return [0x60, takes.length, ...takes.map((type) => TYPES[type]), ...results];
}

function section(id: number, items: readonly (readonly number[])[]): number[] {
  return [id, ...sized([...unsigned(items.length), ...items.flat()])];
}

function sized(bytes: readonly number[]): number[] {
  return [...unsigned(bytes.length), ...bytes];
}

function text(value: string): number[] {
  return sized([...Buffer.from(value)]);
}

function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

function signed(value: number | bigint): number[] {
  const rest = BigInt(value);
  const low = Number(rest & 127n);
  return rest >= -64n && rest < 64n ? [low] : [low | 128, ...signed(rest >> 7n)];
}
