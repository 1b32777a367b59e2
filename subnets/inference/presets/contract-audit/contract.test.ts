import { describe, expect, it } from "vitest";
import { childSeed } from "../../../../shared/rules/beacon.ts";
import { contractAudit, PADDING } from "../contract-audit.ts";
import { type Contract, drawContract, MAX_INSTRUCTIONS } from "./contract.ts";
import { walk } from "./evm-walker.test-kit.ts";
import { DEFECTS } from "./families.ts";
import { OPCODES, toOpcodes } from "./opcodes.ts";

const seed = childSeed(new Uint8Array(32), "contract.test");
const COUNT = 240;
const truth = contractAudit.drawTruth(seed, COUNT);
const contracts: Contract[] = Array.from({ length: COUNT }, (_, item) =>
  drawContract(childSeed(seed, `contract ${item}`), truth.subarray(item * 7, item * 7 + 7)),
);

/** Instructions without which a defect cannot be. */
const MARKS = ["SSTORE", "ADD", "ORIGIN", "SELFDESTRUCT", "DELEGATECALL", "CALL", "TIMESTAMP"];

describe("a generated contract", () => {
  it("is well-formed on every path: stacks are deep enough, jumps land, each instruction exists and can be reached", () => {
    for (const { bytecode } of contracts.slice(0, 30)) {
      const { problems, reached, instructions } = walk(bytecode);
      expect(problems).toEqual([]);
      expect(reached).toBe(instructions);
      expect(instructions).toBeLessThanOrEqual(MAX_INSTRUCTIONS);
    }
  });

  it("is refused by the same walker when a jump, a stack or an instruction is broken", () => {
    const { JUMPDEST, POP, PUSH1, JUMP, STOP } = OPCODES as Record<string, number>;
    expect(walk(Uint8Array.of(PUSH1!, 0, POP!, STOP!)).problems).toEqual([]);
    expect(walk(Uint8Array.of(POP!, STOP!)).problems).toHaveLength(1);
    expect(walk(Uint8Array.of(PUSH1!, 3, JUMP!, JUMPDEST!)).problems).toHaveLength(1); // not pushed as an address
    expect(walk(Uint8Array.of(0x61, 0, 3, JUMP!, STOP!)).problems).toHaveLength(1);
    expect(walk(Uint8Array.of(0x0c)).problems).toHaveLength(1);
  });

  it("has planted what its truth says and nothing else, and says where", () => {
    contracts.forEach(({ bytecode, flaws }, item) => {
      const planted = DEFECTS.map((defect) => (flaws.some((flaw) => flaw.defect === defect) ? 1 : 0));
      expect(planted).toEqual([...truth.subarray(item * 7, item * 7 + 7)]);
      const length = toOpcodes(bytecode).length;
      for (const { from, to } of flaws) expect(0 < from && from < to && to <= length).toBe(true);
    });
  });

  it("is sound in half of all cases, and each defect is as frequent as the prior says", () => {
    const many = contractAudit.drawTruth(seed, 10_000);
    for (const [k, prior] of contractAudit.prior.entries()) {
      const share = many.filter((flag, i) => i % 7 === k && flag === 1).length / 10_000;
      expect(share).toBeCloseTo(prior, 1.7);
    }
    let sound = 0;
    for (let item = 0; item < 10_000; item++) if (!many.subarray(item * 7, item * 7 + 7).includes(1)) sound++;
    expect(sound / 10_000).toBeCloseTo(0.5, 1.5);
  });

  it("has the instructions of a defect nearly as often when it does not have the defect", () => {
    const has = contracts.map(({ bytecode }) => new Set(toOpcodes(bytecode)));
    MARKS.forEach((name, k) => {
      const without = has.filter((_, item) => truth[item * 7 + k] === 0);
      const share = without.filter((opcodes) => opcodes.has(OPCODES[name]!)).length / without.length;
      expect(share).toBeGreaterThan(name === "TIMESTAMP" ? 0.3 : 0.8); // one of six ways to read a block
    });
  });

  it("comes to a model as its instructions, padded, with their number beside them", () => {
    const { x, aux } = contractAudit.drawFeeds(seed, 3);
    for (let item = 0; item < 3; item++) {
      const opcodes = toOpcodes(contracts[item]!.bytecode);
      const row = [...x!.data.slice(item * MAX_INSTRUCTIONS, (item + 1) * MAX_INSTRUCTIONS)].map(Number);
      expect(row.slice(0, opcodes.length)).toEqual(opcodes);
      expect(row.slice(opcodes.length).every((value) => value === PADDING)).toBe(true);
      expect(Number(aux!.data[item])).toBe(opcodes.length);
    }
  });
});
