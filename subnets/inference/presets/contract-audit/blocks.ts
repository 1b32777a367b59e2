import { parseGrammar } from "./assembler.ts";
import { FAMILIES } from "./families.ts";

/**
 * Building blocks of contracts that have nothing to hide. Names that end in a value leave one word on the stack; all
 * others leave it as they found it. None of them compares the caller or the origin with anybody, which is what makes
 * an authorisation, and none reads the block: what is planted and its sound counterparts add those (`families.ts`).
 */
const EXPRESSIONS = {
  /** A word that the caller or the state decides. */
  input: ["$argument CALLDATALOAD", "$argument CALLDATALOAD", "$slot SLOAD", "CALLVALUE", "<entry> SLOAD"],
  leaf: [
    "$word",
    "$argument CALLDATALOAD",
    "$slot SLOAD",
    "SELFBALANCE",
    "<entry> SLOAD",
    "$argument CALLDATALOAD $word AND",
    "$memory MLOAD",
  ],
  value: [
    "<leaf>",
    "<leaf>",
    "<leaf> <leaf> <bitwise>",
    "<leaf> ISZERO",
    "<leaf> NOT",
    "<leaf> $byte SHR",
    "<safe>",
  ],
  bitwise: ["AND", "OR", "XOR", "SHL", "BYTE", "EQ", "LT", "SAR"],
  /** Too small to overflow when two of them are added or multiplied. */
  small: [
    "$argument CALLDATALOAD $byte AND",
    "$argument CALLDATALOAD 240 SHR",
    "$byte",
    "$slot SLOAD 255 AND",
  ],
  /** The slot of an entry in a mapping. */
  entry: [
    "$argument CALLDATALOAD 0 MSTORE $slot 32 MSTORE 64 0 KECCAK256",
    "$slot 32 MSTORE $argument CALLDATALOAD 0 MSTORE 64 0 KECCAK256",
    "$argument CALLDATALOAD $address AND 0 MSTORE $slot 32 MSTORE 64 0 KECCAK256",
  ],
  ownEntry: [
    "CALLER 0 MSTORE $slot 32 MSTORE 64 0 KECCAK256",
    "$slot 32 MSTORE CALLER 0 MSTORE 64 0 KECCAK256",
    "$argument CALLDATALOAD 0 MSTORE <ownEntry1> 32 MSTORE 64 0 KECCAK256",
  ],
  ownEntry1: ["CALLER 0 MSTORE $slot 32 MSTORE 64 0 KECCAK256"],
  /** Sums, differences and products that cannot wrap around, or stop when they would. */
  safe: [
    "<leaf> <leaf> DUP2 ADD SWAP1 DUP2 LT @!panic JUMPI",
    "<leaf> <leaf> DUP2 NOT DUP2 GT @!panic JUMPI ADD",
    "<leaf> <leaf> DUP2 DUP2 ADD DUP3 DUP2 LT ISZERO @fits JUMPI 0 0 REVERT fits: SWAP2 POP POP",
    "<leaf> <leaf> DUP2 DUP2 LT @!panic JUMPI SUB",
    "<leaf> <leaf> DUP1 DUP3 GT @!panic JUMPI SUB",
    "<leaf> <leaf> DUP2 DUP2 SUB SWAP1 DUP2 GT @!panic JUMPI SWAP1 POP",
    "<leaf> <leaf> DUP2 DUP2 MUL DUP3 DUP2 DIV DUP3 EQ DUP4 ISZERO OR ISZERO @!panic JUMPI SWAP2 POP POP",
    "<small> <small> ADD",
    "<small> <small> MUL",
    "@back <leaf> <leaf> @!safeAdd JUMP back:",
    "@back <leaf> <leaf> @!safeSub JUMP back:",
  ],
} as const;

const STATEMENTS = {
  /** True when the call must stop. */
  wrong: [
    "<leaf> ISZERO",
    "<leaf> <leaf> LT",
    "<leaf> <leaf> GT",
    "<leaf> <leaf> EQ",
    "<leaf> <leaf> SLT",
    "100 CALLDATASIZE LT",
  ],
  require: [
    "<wrong> @!fail JUMPI",
    "<wrong> ISZERO @fine JUMPI 0 0 REVERT fine:",
    "<wrong> ISZERO @fine JUMPI <reason> fine:",
    "<ownEntry> SLOAD <leaf> GT @!fail JUMPI",
    "<leaf> <leaf> EQ @fine JUMPI 0 0 REVERT fine:",
  ],
  /** Reverts with `Error(string)`. */
  reason: ["$selector 224 SHL 128 MSTORE 32 132 MSTORE $byte 164 MSTORE $topic 196 MSTORE 100 128 REVERT"],
  event: [
    "<value> $memory MSTORE $topic 32 128 LOG1",
    "<value> $memory MSTORE <leaf> $topic 32 128 LOG2",
    "<value> 128 MSTORE CALLER $topic 32 128 LOG2",
    "CALLER <leaf> $topic 0 0 LOG3",
    "<leaf> CALLER <leaf> $topic 0 0 LOG4",
  ],
  /** One turn of a loop, over its counter. */
  turn: [
    "<leaf> $memory MSTORE",
    "DUP1 64 MLOAD MSTORE",
    "<value> POP",
    "DUP1 $slot SLOAD XOR $memory MSTORE",
  ],
  loop: [
    "0 again: <turn> 1 ADD DUP1 $byte GT @again JUMPI POP",
    "0 again: DUP1 $byte GT ISZERO @done JUMPI <turn> 1 ADD @again JUMP done: POP",
    "$argument CALLDATALOAD $byte AND again: DUP1 ISZERO @done JUMPI <turn> 1 SWAP1 SUB @again JUMP done: POP",
  ],
  branch: [
    "<wrong> @skip JUMPI <value> $memory MSTORE skip:",
    "<leaf> @one JUMPI <leaf> @both JUMP one: <leaf> both: $memory MSTORE",
    "<leaf> <leaf> DUP2 DUP2 LT @keep JUMPI SWAP1 keep: POP $memory MSTORE",
  ],
  memory: [
    "64 MLOAD 32 ADD 64 MSTORE",
    "64 MLOAD DUP1 $byte ADD 64 MSTORE $memory MLOAD SWAP1 MSTORE",
    "64 4 128 CALLDATACOPY",
    "32 0 $memory CODECOPY",
    "32 128 192 MCOPY",
    "<leaf> $memory MSTORE8",
  ],
  hash: [
    "<value> $memory MSTORE 64 128 KECCAK256 $memory MSTORE",
    "64 0 128 CALLDATACOPY 64 128 KECCAK256 POP",
  ],
  /** Takes no effect. */
  dead: [
    "<leaf> POP",
    "<leaf> <leaf> ADD POP",
    "<leaf> <leaf> MUL POP",
    "<leaf> <leaf> SUB POP",
    "<leaf> <leaf> SWAP1 POP POP",
    "GAS POP",
    "@here JUMP here:",
    "0 @never JUMPI never:",
    "<leaf> <leaf> LT POP",
    "<leaf> DUP1 XOR POP",
  ],
  environment: [
    "CHAINID $memory MSTORE",
    "GASPRICE $memory MSTORE",
    "MSIZE POP",
    "ADDRESS BALANCE $memory MSTORE",
  ],
  shard: [
    // Picks by what the caller says, not by the block: nothing random is promised.
    "$byte $argument CALLDATALOAD MOD $memory MSTORE",
    "$argument CALLDATALOAD 0 MSTORE CALLER 32 MSTORE $byte 64 0 KECCAK256 MOD $memory MSTORE",
    "$byte <entry> SLOAD MOD $memory MSTORE",
  ],
  /** Asks another contract, which can change nothing. */
  look: [
    "$selector 224 SHL 128 MSTORE 32 128 4 128 <peer> GAS STATICCALL <checked> 128 MLOAD $memory MSTORE",
    "<leaf> 128 MSTORE 32 0 32 128 2 GAS STATICCALL <checked> 0 MLOAD POP",
    "<peer> EXTCODESIZE ISZERO @!fail JUMPI",
  ],
  smaller: ["@back <leaf> <leaf> @!minimum JUMP back: $memory MSTORE"],
  write: [
    "<value> $slot SSTORE",
    "$argument CALLDATALOAD $slot SSTORE",
    "<value> <ownEntry> SSTORE",
    "<value> <entry> SSTORE",
    "$slot SLOAD $word AND <leaf> OR $slot SSTORE",
    "<safe> $slot SSTORE",
    "<safe> <ownEntry> SSTORE",
    "0 <ownEntry> SSTORE",
    "1 $slot SSTORE",
    // Notes whether the owner called, and stops nobody.
    "CALLER $slot SLOAD EQ $slot SSTORE",
  ],
} as const;

const CALLS = {
  peer: ["$address", "$slot SLOAD", "$slot SLOAD $address AND", "$argument CALLDATALOAD"],
  payee: ["CALLER", "CALLER", "$argument CALLDATALOAD", "$slot SLOAD", "$address"],
  gas: ["GAS", "GAS", "$word"],
  amount: ["<leaf>", "CALLVALUE", "0"],
  /** A call to somebody else's code; leaves whether it went well. */
  call: [
    "0 0 0 0 <amount> <payee> <gas> CALL",
    "0 0 0 0 <amount> <payee> <gas> CALL",
    "$selector 224 SHL 128 MSTORE <leaf> 132 MSTORE 32 128 36 128 0 <peer> GAS CALL",
    "$selector 224 SHL 128 MSTORE CALLER 132 MSTORE <leaf> 164 MSTORE 32 0 68 128 0 <peer> GAS CALL",
  ],
  /** Takes what a call left, and stops when it went wrong. */
  checked: [
    "@well JUMPI 0 0 REVERT well:",
    "ISZERO @!fail JUMPI",
    "@well JUMPI RETURNDATASIZE 0 0 RETURNDATACOPY RETURNDATASIZE 0 REVERT well:",
    "DUP1 ISZERO @!fail JUMPI POP",
    "ISZERO ISZERO @well JUMPI <reason> well:",
    "<leaf> POP ISZERO @!fail JUMPI",
    "RETURNDATASIZE POP @well JUMPI 0 0 REVERT well:",
  ],
} as const;

const ENDS = {
  end: [
    "STOP",
    "1 0 MSTORE 32 0 RETURN",
    "<value> 128 MSTORE 32 128 RETURN",
    "<leaf> 0 MSTORE 32 0 RETURN",
    "STOP",
  ],
  start: ["128 64 MSTORE"],
  refuseMoney: ["CALLVALUE DUP1 ISZERO @free JUMPI 0 0 REVERT free: POP"],
  readSelector: ["4 CALLDATASIZE LT @!fallback JUMPI 0 CALLDATALOAD 224 SHR"],
} as const;

/** What several functions jump to. It stands at the end of the code when anybody does. */
const SHARED = {
  fail: ["0 0 REVERT", "<reason>"],
  panic: ["$selector 224 SHL 0 MSTORE 17 4 MSTORE 36 0 REVERT", "0 0 REVERT", "INVALID"],
  fallback: ["0 0 REVERT", "STOP", "CALLVALUE 0 MSTORE $topic 32 0 LOG1 STOP"],
  safeAdd: ["DUP2 ADD SWAP1 DUP2 LT @!panic JUMPI SWAP1 JUMP"],
  safeSub: ["DUP2 DUP2 LT @!panic JUMPI SUB SWAP1 JUMP"],
  minimum: ["DUP2 DUP2 LT @keep JUMPI SWAP1 keep: POP SWAP1 JUMP"],
  rawAdd: ["ADD SWAP1 JUMP"],
  rawMul: ["MUL SWAP1 JUMP"],
} as const;

/** Rules whose blocks may stand anywhere in a function and change no state. */
export const HARMLESS = [
  "require",
  "event",
  "loop",
  "branch",
  "memory",
  "hash",
  "dead",
  "environment",
  "shard",
  "look",
  "smaller",
] as const;

export const GRAMMAR = parseGrammar({
  ...EXPRESSIONS,
  ...STATEMENTS,
  ...CALLS,
  ...ENDS,
  ...SHARED,
  ...FAMILIES,
});
