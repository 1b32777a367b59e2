import { childSeed } from "../../shared/rules/beacon.ts";
import { drawContract } from "../../subnets/inference/presets/contract-audit/contract.ts";
import { DEFECTS, type Defect } from "../../subnets/inference/presets/contract-audit/families.ts";
import { OPCODES, toOpcodes } from "../../subnets/inference/presets/contract-audit/opcodes.ts";
import { contractAudit } from "../../subnets/inference/presets/contract-audit.ts";
import type { Place, Reading } from "./code-reader.ts";

/** Instructions that finish a function. */
const ENDS = "STOP RETURN SELFDESTRUCT";

/** Instructions at which a reader asks whether there is a defect. Each is about one defect only. */
const ASKED_AT: Record<Defect, string> = {
  reentrancy: "SSTORE",
  "unchecked-arithmetic": "ADD SUB MUL",
  "origin-authorisation": "ORIGIN",
  "unprotected-selfdestruct": "SELFDESTRUCT",
  "delegatecall-to-caller": "DELEGATECALL",
  "unchecked-call": "CALL",
  "block-randomness": "TIMESTAMP NUMBER PREVRANDAO COINBASE BLOCKHASH GASLIMIT",
};

/** For each opcode: does it finish a function? */
export const FINISHES: readonly boolean[] = mark(ENDS);

/** For each output and opcode: does a reader ask there? */
export const ASKS: readonly (readonly boolean[])[] = DEFECTS.map((defect) => mark(ASKED_AT[defect]));

/** Opcodes that compilers use alike are one kind; those that do not exist are one kind too. */
export const KINDS: Uint8Array = numberKinds();

/** Contracts with the truth about them, [contracts, DEFECTS], and about each place in them. */
export type LabelledContracts = { truth: Float32Array; readings: Reading[] };

/** The same contracts as a question of this seed would have, but with what only the generator knows. */
export function drawReadings(seed: Uint8Array, count: number): LabelledContracts {
  const truth = contractAudit.drawTruth(seed, count);
  const readings = Array.from({ length: count }, (_, item) => {
    const flawed = truth.subarray(item * DEFECTS.length, (item + 1) * DEFECTS.length);
    const { bytecode, flaws } = drawContract(childSeed(seed, `contract ${item}`), flawed);
    const opcodes = Uint8Array.from(toOpcodes(bytecode));
    const places: Place[] = [];
    opcodes.forEach((opcode, at) => {
      const output = ASKS.findIndex((asks) => asks[opcode]);
      if (output < 0) return;
      const isFlawed = flaws.some(
        ({ defect, from, to }) => defect === DEFECTS[output] && from <= at && at < to,
      );
      places.push({ at, output, isFlawed });
    });
    return { opcodes, starts: findStarts(opcodes), places };
  });
  return { truth, readings };
}

function findStarts(opcodes: Uint8Array): Uint16Array {
  let start = 0;
  return Uint16Array.from(opcodes, (opcode, at) => {
    const own = start;
    if (FINISHES[opcode]) start = at + 1;
    return own;
  });
}

function mark(names: string): boolean[] {
  const wanted = new Set(names.split(" ").map((name) => OPCODES[name]!));
  return Array.from({ length: 256 }, (_, opcode) => wanted.has(opcode));
}

function numberKinds(): Uint8Array {
  const names = new Map(Object.entries(OPCODES).map(([name, opcode]) => [opcode, name]));
  const kinds = new Map<string, number>();
  return Uint8Array.from({ length: 256 }, (_, opcode) => {
    const kind = kindOf(names.get(opcode));
    if (!kinds.has(kind)) kinds.set(kind, kinds.size);
    return kinds.get(kind)!;
  });
}

function kindOf(name: string | undefined): string {
  const [, group, size] = /^(PUSH|DUP|SWAP)(\d+)$/.exec(name ?? "") ?? [];
  const isCommon = group === "PUSH" ? /^([0-4]|20|32)$/.test(size!) : Number(size) <= 5;
  if (group && !isCommon)
    return group === "PUSH" && Number(size) < 20 ? "PUSH of a number" : `another ${group}`;
  return name ?? "none";
}
