/** Instructions of the Ethereum virtual machine, Cancun, by the name that the yellow paper and EIPs give them. */
export const OPCODES: Readonly<Record<string, number>> = {
  ...from(0x00, "STOP ADD MUL SUB DIV SDIV MOD SMOD ADDMOD MULMOD EXP SIGNEXTEND"),
  ...from(0x10, "LT GT SLT SGT EQ ISZERO AND OR XOR NOT BYTE SHL SHR SAR"),
  ...from(0x20, "KECCAK256"),
  ...from(
    0x30,
    "ADDRESS BALANCE ORIGIN CALLER CALLVALUE CALLDATALOAD CALLDATASIZE CALLDATACOPY CODESIZE CODECOPY",
  ),
  ...from(0x3a, "GASPRICE EXTCODESIZE EXTCODECOPY RETURNDATASIZE RETURNDATACOPY EXTCODEHASH"),
  ...from(0x40, "BLOCKHASH COINBASE TIMESTAMP NUMBER PREVRANDAO GASLIMIT CHAINID SELFBALANCE BASEFEE"),
  ...from(
    0x50,
    "POP MLOAD MSTORE MSTORE8 SLOAD SSTORE JUMP JUMPI PC MSIZE GAS JUMPDEST TLOAD TSTORE MCOPY PUSH0",
  ),
  ...from(0x60, numbered("PUSH", 1, 32)),
  ...from(0x80, numbered("DUP", 1, 16)),
  ...from(0x90, numbered("SWAP", 1, 16)),
  ...from(0xa0, numbered("LOG", 0, 4)),
  ...from(0xf0, "CREATE CALL CALLCODE RETURN DELEGATECALL CREATE2"),
  ...from(0xfa, "STATICCALL"),
  ...from(0xfd, "REVERT INVALID SELFDESTRUCT"),
};

const PUSH0 = OPCODES.PUSH0!;
const PUSH32 = OPCODES.PUSH32!;

/** Bytes that follow an instruction in the code and are data. */
export function immediateBytes(opcode: number): number {
  return opcode > PUSH0 && opcode <= PUSH32 ? opcode - PUSH0 : 0;
}

/**
 * What an auditing model reads of a contract: its instructions in the order of the code, without the data of pushes.
 * A linear sweep, as disassemblers do it, so any bytecode has one.
 */
export function toOpcodes(bytecode: Uint8Array): number[] {
  const opcodes: number[] = [];
  for (let at = 0; at < bytecode.length; at += 1 + immediateBytes(bytecode[at]!)) opcodes.push(bytecode[at]!);
  return opcodes;
}

function from(first: number, names: string): Record<string, number> {
  return Object.fromEntries(names.split(" ").map((name, i) => [name, first + i]));
}

function numbered(name: string, first: number, last: number): string {
  return Array.from({ length: last - first + 1 }, (_, i) => `${name}${first + i}`).join(" ");
}
