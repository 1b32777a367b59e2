import { immediateBytes, OPCODES } from "./opcodes.ts";

/** What an instruction takes off the stack and puts on it, DUP and SWAP aside. */
const EFFECTS: Readonly<Record<string, readonly [takes: number, puts: number]>> = {
  ...each("STOP JUMPDEST INVALID", 0, 0),
  ...each(
    "ADD MUL SUB DIV SDIV MOD SMOD EXP SIGNEXTEND LT GT SLT SGT EQ AND OR XOR BYTE SHL SHR SAR KECCAK256",
    2,
    1,
  ),
  ...each("ADDMOD MULMOD", 3, 1),
  ...each("ISZERO NOT BALANCE CALLDATALOAD EXTCODESIZE EXTCODEHASH BLOCKHASH MLOAD SLOAD TLOAD", 1, 1),
  ...each(
    "ADDRESS ORIGIN CALLER CALLVALUE CALLDATASIZE CODESIZE GASPRICE RETURNDATASIZE COINBASE TIMESTAMP",
    0,
    1,
  ),
  ...each("NUMBER PREVRANDAO GASLIMIT CHAINID SELFBALANCE BASEFEE PC MSIZE GAS", 0, 1),
  ...each("CALLDATACOPY CODECOPY RETURNDATACOPY MCOPY", 3, 0),
  ...each("EXTCODECOPY", 4, 0),
  ...each("POP JUMP SELFDESTRUCT", 1, 0),
  ...each("MSTORE MSTORE8 SSTORE TSTORE JUMPI RETURN REVERT", 2, 0),
  ...Object.fromEntries([0, 1, 2, 3, 4].map((topics) => [`LOG${topics}`, [2 + topics, 0] as const])),
  ...each("CALL", 7, 1),
  ...each("DELEGATECALL STATICCALL", 6, 1),
};
const ENDS = new Set(["STOP", "RETURN", "REVERT", "INVALID", "SELFDESTRUCT"]);
const NAMES = new Map(Object.entries(OPCODES).map(([name, op]) => [op, name]));
const MAX_STEPS = 200_000;
const MAX_STACK = 1_024;

/** What walking every path of a contract found: problems, and how much of the code was reached. */
export type Walk = { problems: string[]; reached: number; instructions: number };

/**
 * Follows every path of a contract with an abstract stack, where a word is known when it was pushed as two bytes and
 * only moved since: enough to tell where each jump goes.
 */
export function walk(bytecode: Uint8Array): Walk {
  const starts = new Set<number>();
  for (let at = 0; at < bytecode.length; at += 1 + immediateBytes(bytecode[at]!)) starts.add(at);
  const problems: string[] = [];
  const reached = new Set<number>();
  const seen = new Set<string>();
  const open: { at: number; stack: (number | undefined)[] }[] = [{ at: 0, stack: [] }];
  const follow = (at: number, stack: (number | undefined)[]) => {
    const key = `${at} ${stack.map((word) => word ?? "").join(",")}`;
    if (!seen.has(key)) open.push({ at, stack });
    seen.add(key);
  };
  for (let steps = 0; open.length > 0 && problems.length === 0; steps++) {
    const { at, stack } = open.pop()!;
    const op = bytecode[at];
    const name = op === undefined ? undefined : NAMES.get(op);
    if (steps > MAX_STEPS) problems.push("paths without end");
    if (op === undefined || name === undefined || !starts.has(at)) {
      problems.push(`no instruction at ${at}`);
      break;
    }
    reached.add(at);
    const problem = step(name, stack, bytecode.subarray(at + 1, at + 1 + immediateBytes(op)));
    if (problem) problems.push(`${problem} at ${at}, ${name}`);
    if (name === "JUMP" || name === "JUMPI") {
      const target = jumped.pop();
      if (target === undefined || !starts.has(target) || bytecode[target] !== OPCODES.JUMPDEST)
        problems.push(`a jump to ${target} at ${at}`);
      else follow(target, [...stack]);
    }
    if (name !== "JUMP" && !ENDS.has(name)) follow(at + 1 + immediateBytes(op), stack);
  }
  return { problems, reached: reached.size, instructions: starts.size };
}

/** Where the jump that was stepped over last goes. */
const jumped: (number | undefined)[] = [];

function step(name: string, stack: (number | undefined)[], data: Uint8Array): string | undefined {
  const [, kind, size] = /^(PUSH|DUP|SWAP)(\d+)$/.exec(name) ?? [];
  if (kind === "PUSH") stack.push(data.length === 2 ? data[0]! * 256 + data[1]! : undefined);
  else if (kind) {
    const depth = kind === "DUP" ? Number(size) : Number(size) + 1;
    if (stack.length < depth) return "the stack is too short";
    const index = stack.length - depth;
    if (kind === "DUP") stack.push(stack[index]);
    else [stack[index], stack[stack.length - 1]] = [stack.at(-1), stack[index]];
  } else {
    const [takes, puts] = EFFECTS[name]!;
    if (stack.length < takes) return "the stack is too short";
    if (name.startsWith("JUMP") && name !== "JUMPDEST") jumped.push(stack.at(-1));
    stack.length -= takes;
    for (let i = 0; i < puts; i++) stack.push(undefined);
  }
  return stack.length > MAX_STACK ? "the stack is too high" : undefined;
}

function each(names: string, takes: number, puts: number): Record<string, readonly [number, number]> {
  return Object.fromEntries(names.split(" ").map((name) => [name, [takes, puts] as const]));
}
