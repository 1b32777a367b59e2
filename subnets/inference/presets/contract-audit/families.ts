/** What a contract is audited for, in the order of a model's outputs. */
export const DEFECTS = [
  "reentrancy",
  "unchecked-arithmetic",
  "origin-authorisation",
  "unprotected-selfdestruct",
  "delegatecall-to-caller",
  "unchecked-call",
  "block-randomness",
] as const;

export type Defect = (typeof DEFECTS)[number];

/**
 * Each defect beside what a careful programmer writes for the same purpose with the same instructions. Rules ending in
 * `Sound` and `Flawed` are what is planted; the others are their parts.
 */
export const FAMILIES = {
  /** A result that lands where it matters. */
  keep: ["$slot SSTORE", "<ownEntry> SSTORE", "<entry> SSTORE"],
  arithmeticSound: ["<safe> <keep>"],
  arithmeticFlawed: ["<unsafe> <keep>"],
  unsafe: [
    "<input> <input> ADD",
    "<input> <input> SUB",
    "<input> <input> MUL",
    "<input> $word MUL",
    "<leaf> <input> ADD",
    // Compared, but for the other operation.
    "<input> <input> DUP2 DUP2 LT @!panic JUMPI ADD",
    "<input> <input> DUP1 DUP3 GT @!panic JUMPI MUL",
    "<input> <input> ADD DUP1 ISZERO @!panic JUMPI",
    // Compared, and the result thrown away.
    "<input> <input> DUP2 ADD SWAP1 DUP2 LT POP",
    "<input> <input> DUP2 DUP2 LT POP SUB",
    "@back <input> <input> @!rawAdd JUMP back:",
    "@back <input> <input> @!rawMul JUMP back:",
  ],

  owner: ["$slot SLOAD", "$slot SLOAD $address AND", "$address"],
  ownerCheck: [
    "<owner> CALLER EQ @allowed JUMPI 0 0 REVERT allowed:",
    "CALLER <owner> EQ @allowed JUMPI <reason> allowed:",
    "CALLER <owner> SUB @!fail JUMPI",
    "<owner> CALLER XOR @!fail JUMPI",
    "CALLER <owner> EQ ISZERO @!fail JUMPI",
    "<ownEntry1> SLOAD ISZERO @!fail JUMPI",
    "<ownEntry1> SLOAD @allowed JUMPI 0 0 REVERT allowed:",
  ],
  originFlawed: [
    "<owner> ORIGIN EQ @allowed JUMPI 0 0 REVERT allowed:",
    "ORIGIN <owner> EQ @allowed JUMPI <reason> allowed:",
    "ORIGIN <owner> SUB @!fail JUMPI",
    "<owner> ORIGIN XOR @!fail JUMPI",
    "ORIGIN <owner> EQ ISZERO @!fail JUMPI",
    "<originEntry> SLOAD ISZERO @!fail JUMPI",
    "<originEntry> SLOAD @allowed JUMPI 0 0 REVERT allowed:",
  ],
  originEntry: ["ORIGIN 0 MSTORE $slot 32 MSTORE 64 0 KECCAK256"],
  originSound: [
    // No contract may call: about who sits in between, not about who it is.
    "ORIGIN CALLER EQ @direct JUMPI 0 0 REVERT direct:",
    "CALLER ORIGIN EQ @direct JUMPI <reason> direct:",
    "CALLER ORIGIN SUB @!fail JUMPI",
    "ORIGIN CALLER XOR @!fail JUMPI",
    "ORIGIN CALLER EQ ISZERO @!fail JUMPI",
    "ORIGIN $topic 0 0 LOG2",
    "<leaf> $memory MSTORE ORIGIN $topic 32 128 LOG2 <ownerCheck>",
    "<ownerCheck> ORIGIN CALLER $topic 0 0 LOG3",
    "<originEntry> SLOAD $memory MSTORE",
  ],

  beneficiary: ["CALLER", "$argument CALLDATALOAD", "$slot SLOAD", "$address"],
  destroy: ["<beneficiary> SELFDESTRUCT"],

  target: ["$address", "$slot SLOAD", "$slot SLOAD $address AND"],
  callersTarget: [
    "$argument CALLDATALOAD",
    "$argument CALLDATALOAD $address AND",
    "$argument CALLDATALOAD 96 SHR",
  ],
  /** What the code is handed, between others that may look like its address. */
  span: [
    "CALLDATASIZE 0 0 CALLDATACOPY 0 0 CALLDATASIZE 0",
    "$argument CALLDATALOAD 128 MSTORE 32 128 32 128",
    "$selector 224 SHL 128 MSTORE <leaf> 132 MSTORE 0 0 36 128",
    "$argument CALLDATALOAD 128 MSTORE 0 0 32 128",
  ],
  delegateSound: [
    "<span> <target> <gas> DELEGATECALL <checked>",
    "<target> 320 MSTORE <span> 320 MLOAD <gas> DELEGATECALL <checked>",
    "<target> DUP1 EXTCODESIZE ISZERO @!fail JUMPI 320 MSTORE <span> 320 MLOAD <gas> DELEGATECALL <checked>",
  ],
  delegateFlawed: [
    "<span> <callersTarget> <gas> DELEGATECALL <checked>",
    "<callersTarget> 320 MSTORE <span> 320 MLOAD <gas> DELEGATECALL <checked>",
    "<callersTarget> DUP1 EXTCODESIZE ISZERO @!fail JUMPI 320 MSTORE <span> 320 MLOAD <gas> DELEGATECALL <checked>",
  ],

  callSound: ["<call> <checked>"],
  callFlawed: ["<call> <ignored>"],
  ignored: [
    "POP",
    "DUP1 POP POP",
    "ISZERO POP",
    "$memory MSTORE",
    "<leaf> POP POP",
    "RETURNDATASIZE POP POP",
    // Something is required here, but not this.
    "POP <require>",
    "<leaf> ISZERO @!fail JUMPI POP",
    "POP RETURNDATASIZE 0 0 RETURNDATACOPY",
  ],

  /** What stops a second entry while the first one is not done, and what lets the next one in. */
  lock: ["40 SLOAD @!fail JUMPI 1 40 SSTORE", "2 40 SLOAD EQ @!fail JUMPI 2 40 SSTORE"],
  unlock: ["0 40 SSTORE"],
  briefLock: ["40 TLOAD @!fail JUMPI 1 40 TSTORE"],
  briefUnlock: ["0 40 TSTORE"],

  /** Numbers that look random, and that a block's author chooses. */
  luck: ["TIMESTAMP", "NUMBER", "PREVRANDAO", "COINBASE", "1 NUMBER SUB BLOCKHASH", "GASLIMIT"],
  draw: [
    "$byte <luck> MOD",
    "$byte <luckHash> MOD",
    "<luck> 1 AND",
    "<luckHash> 1 AND",
    "$byte <luck> CALLER XOR MOD",
    "<luckHash> 255 AND",
  ],
  luckHash: [
    "<luck> 0 MSTORE CALLER 32 MSTORE 64 0 KECCAK256",
    "<luck> 0 MSTORE 32 0 KECCAK256",
    "CALLER 0 MSTORE <luck> 32 MSTORE 64 0 KECCAK256",
    "<luck> 0 MSTORE <luck> 32 MSTORE 64 0 KECCAK256",
  ],
  randomFlawed: [
    "<draw> $memory MSTORE",
    "<draw> <leaf> EQ @!fail JUMPI",
    "<draw> @won JUMPI 0 0 REVERT won:",
    "<draw> 0 MSTORE $slot 32 MSTORE 64 0 KECCAK256 SLOAD $memory MSTORE",
  ],
  randomSound: [
    // A deadline, a start, an hour.
    "$argument CALLDATALOAD <luckTime> GT @!fail JUMPI",
    "$slot SLOAD <luckTime> LT @!fail JUMPI",
    "<luckTime> $slot SLOAD LT @open JUMPI 0 0 REVERT open:",
    "3600 <luckTime> DIV $memory MSTORE",
    "<luck> $memory MSTORE $topic 32 128 LOG1",
    "<luck> $topic 0 0 LOG2",
    // A name for an order, not a number that decides.
    "<luckHash> $memory MSTORE",
    "<luckHash> $topic 0 0 LOG2",
    "<luck> $memory MSTORE",
  ],
  luckTime: ["TIMESTAMP", "NUMBER"],
} as const;
