import type { Random } from "../../../../shared/rules/beacon.ts";
import { OPCODES } from "./opcodes.ts";

/**
 * A macro assembler. A block is text: names of instructions, and
 *
 *     12          push this number            $slot       push a constant drawn for the occasion (`CONSTANTS`)
 *     again:      a place to jump to          @again      push its address
 *     <value>     one block of that rule      @!fail      push the address of a tail that all functions share
 *
 * Places belong to the block that names them: two uses of a block do not meet.
 */
type Token =
  | { kind: "op"; op: number }
  | { kind: "number"; value: number }
  | { kind: "constant"; draw: (random: Random) => Uint8Array }
  | { kind: "mark" | "address" | "shared" | "rule"; name: string };

export type Block = readonly Token[];

/** Blocks by rule: whoever uses the rule gets one of them. */
export type Grammar = Readonly<Record<string, readonly Block[]>>;

/** A contract under construction. */
export type Code = {
  random: Random;
  grammar: Grammar;
  /** Older compilers push a zero with PUSH1. */
  hasPush0: boolean;
  bytes: number[];
  /** Where a place is, by its number. */
  places: (number | undefined)[];
  /** Offsets whose two bytes become the address of a place. */
  holes: { at: number; place: number }[];
  /** Shared tails that were used, by name. */
  shared: Map<string, number>;
  instructions: number;
};

/** Reads the text of blocks, once. */
export function parseGrammar(rules: Readonly<Record<string, readonly string[]>>): Grammar {
  return Object.fromEntries(
    Object.entries(rules).map(([rule, blocks]) => [rule, blocks.map((block) => parseBlock(block, rules))]),
  );
}

export function startCode(random: Random, grammar: Grammar): Code {
  const hasPush0 = random.below(2) === 0;
  return { random, grammar, hasPush0, bytes: [], places: [], holes: [], shared: new Map(), instructions: 0 };
}

/** Appends one block of a rule. */
export function emit(code: Code, rule: string): void {
  const blocks = code.grammar[rule]!;
  emitBlock(code, blocks[blocks.length === 1 ? 0 : code.random.below(blocks.length)]!);
}

export function emitOp(code: Code, name: string): void {
  code.bytes.push(OPCODES[name]!);
  code.instructions++;
}

export function newPlace(code: Code): number {
  return code.places.push(undefined) - 1;
}

export function emitMark(code: Code, place: number): void {
  code.places[place] = code.bytes.length;
  emitOp(code, "JUMPDEST");
}

export function emitAddress(code: Code, place: number): void {
  emitOp(code, "PUSH2");
  code.holes.push({ at: code.bytes.length, place });
  code.bytes.push(0, 0);
}

export function emitConstant(code: Code, data: ArrayLike<number>): void {
  emitOp(code, `PUSH${data.length}`);
  for (let i = 0; i < data.length; i++) code.bytes.push(data[i]!);
}

/** The finished bytecode: every address is known by now. */
export function link(code: Code): Uint8Array {
  const bytecode = Uint8Array.from(code.bytes);
  for (const { at, place } of code.holes) {
    bytecode[at] = code.places[place]! >> 8;
    bytecode[at + 1] = code.places[place]! & 0xff;
  }
  return bytecode;
}

function emitBlock(code: Code, block: Block): void {
  const own = new Map<string, number>();
  for (const token of block) {
    if (token.kind === "op") {
      code.bytes.push(token.op);
      code.instructions++;
    } else if (token.kind === "number") emitNumber(code, token.value);
    else if (token.kind === "constant") emitConstant(code, token.draw(code.random));
    else if (token.kind === "rule") emit(code, token.name);
    else if (token.kind === "mark") emitMark(code, placeOf(code, own, token.name));
    else emitAddress(code, placeOf(code, token.kind === "shared" ? code.shared : own, token.name));
  }
}

function emitNumber(code: Code, value: number): void {
  if (value === 0 && code.hasPush0) emitOp(code, "PUSH0");
  else emitConstant(code, value > 0xff ? [value >> 8, value & 0xff] : [value]);
}

function placeOf(code: Code, names: Map<string, number>, name: string): number {
  let place = names.get(name);
  if (place === undefined) {
    place = newPlace(code);
    names.set(name, place);
  }
  return place;
}

function parseBlock(block: string, rules: Readonly<Record<string, readonly string[]>>): Block {
  return block.split(" ").map((word): Token => {
    const op = OPCODES[word];
    if (op !== undefined) return { kind: "op", op };
    if (/^\d+$/.test(word)) return { kind: "number", value: Number(word) };
    if (word.endsWith(":")) return { kind: "mark", name: word.slice(0, -1) };
    if (word.startsWith("@!")) return { kind: "shared", name: word.slice(2) };
    if (word.startsWith("@")) return { kind: "address", name: word.slice(1) };
    const draw = word.startsWith("$") ? CONSTANTS[word] : undefined;
    if (draw) return { kind: "constant", draw };
    const rule = word.slice(1, -1);
    if (word === `<${rule}>` && Object.hasOwn(rules, rule)) return { kind: "rule", name: rule };
    throw new RangeError(`"${word}" is neither an instruction nor a rule`);
  });
}

/** What `$name` pushes: of the widths that compilers use, with random content. */
const CONSTANTS: Readonly<Record<string, ((random: Random) => Uint8Array) | undefined>> = {
  // A state variable: mostly one of the first, now and then a hashed place of its own.
  $slot: (random) => (random.below(5) === 0 ? randomBytes(random, 32) : Uint8Array.of(random.below(32))),
  $word: (random) => randomBytes(random, [1, 1, 2, 3, 4, 8, 16, 32][random.below(8)]!),
  $byte: (random) => Uint8Array.of(1 + random.below(255)),
  $address: (random) => randomBytes(random, 20),
  $selector: (random) => randomBytes(random, 4),
  $topic: (random) => randomBytes(random, 32),
  /** Where a parameter lies in the call's data. */
  $argument: (random) => Uint8Array.of(4 + 32 * random.below(5)),
  /** Scratch memory that no other block relies on. */
  $memory: (random) => Uint8Array.of(128 + 32 * random.below(4)),
};

function randomBytes(random: Random, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  for (let i = 0; i < count; i += 4) {
    const value = random.nextU32();
    for (let j = i; j < Math.min(i + 4, count); j++) bytes[j] = (value >>> (8 * (j - i))) & 0xff;
  }
  return bytes;
}
