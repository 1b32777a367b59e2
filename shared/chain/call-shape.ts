import { isIPv6 } from "node:net";
import { SubforgeError } from "../errors.ts";
import type { Call } from "./chain.ts";

/** Calls that are named when they are made: each of the chain's setters is one. */
type NamedKind = "sudo" | "setHyperparameter";
export type Kind = Exclude<Call["kind"], NamedKind>;
type CallOf<K extends Kind> = Extract<Call, { kind: K }>;

/** Protocol number in `serve_axon`: 4 is what the Python axon wrote, and readers expect it. */
const AXON_PROTOCOL = 4;
/** Version in `serve_axon`: any non-zero number; ours is the protocol generation, not a release. */
const AXON_VERSION = 1;

/** Longest commitment with a variant of its own; up to 512 bytes go into `BigRaw`. */
const RAW_MAX_BYTES = 128;

type Shape = {
  pallet: string;
  method: string;
  args: string[];
  /** A runtime may lack it: another call does the same there. */
  optional?: true;
};

/** Where each call lives, as @polkadot/api names it, and the arguments we know it to have. */
const SHAPES: Record<Kind, Shape> = {
  setWeights: {
    pallet: "subtensorModule",
    method: "setWeights",
    args: ["netuid: NetUid", "dests: Vec<u16>", "weights: Vec<u16>", "version_key: u64"],
  },
  setMechanismWeights: {
    pallet: "subtensorModule",
    method: "setMechanismWeights",
    args: ["netuid: NetUid", "mecid: MechId", "dests: Vec<u16>", "weights: Vec<u16>", "version_key: u64"],
    optional: true,
  },
  commitWeights: {
    pallet: "subtensorModule",
    method: "commitMechanismWeights",
    args: ["netuid: NetUid", "mecid: MechId", "commit_hash: H256"],
    optional: true,
  },
  revealWeights: {
    pallet: "subtensorModule",
    method: "revealMechanismWeights",
    args: [
      "netuid: NetUid",
      "mecid: MechId",
      "uids: Vec<u16>",
      "values: Vec<u16>",
      "salt: Vec<u16>",
      "version_key: u64",
    ],
    optional: true,
  },
  commitTimelockedWeights: {
    pallet: "subtensorModule",
    method: "commitTimelockedMechanismWeights",
    args: [
      "netuid: NetUid",
      "mecid: MechId",
      "commit: BoundedVec<u8, ConstU32<MAX_CRV3_COMMIT_SIZE_BYTES>>",
      "reveal_round: u64",
      "commit_reveal_version: u16",
    ],
    optional: true,
  },
  serveAxon: {
    pallet: "subtensorModule",
    method: "serveAxon",
    args: [
      "netuid: NetUid",
      "version: u32",
      "ip: u128",
      "port: u16",
      "ip_type: u8",
      "protocol: u8",
      "placeholder1: u8",
      "placeholder2: u8",
    ],
  },
  burnedRegister: {
    pallet: "subtensorModule",
    method: "burnedRegister",
    args: ["netuid: NetUid", "hotkey: T::AccountId"],
  },
  addStake: {
    pallet: "subtensorModule",
    method: "addStake",
    args: ["hotkey: T::AccountId", "netuid: NetUid", "amount_staked: TaoBalance"],
  },
  registerNetwork: { pallet: "subtensorModule", method: "registerNetwork", args: ["hotkey: T::AccountId"] },
  startCall: { pallet: "subtensorModule", method: "startCall", args: ["netuid: NetUid"] },
  commit: {
    pallet: "commitments",
    method: "setCommitment",
    args: ["netuid: NetUid", "info: Box<CommitmentInfo<T::MaxFields>>"],
  },
};

/** Every call this project signs by itself; what goes through `sudo` is compared by the names of its arguments. */
export const KNOWN_CALLS: readonly Readonly<Shape>[] = Object.values(SHAPES);

/** Values of each call in the order of its arguments. */
export const ARGUMENTS: { [K in Kind]: (call: CallOf<K>) => unknown[] } = {
  setWeights: (call) => [call.netuid, call.weights.uids, call.weights.values, call.versionKey],
  setMechanismWeights: (call) => [
    call.netuid,
    call.mechanism,
    call.weights.uids,
    call.weights.values,
    call.versionKey,
  ],
  commitWeights: (call) => [call.netuid, call.mechanism, call.hash],
  revealWeights: (call) => [
    call.netuid,
    call.mechanism,
    call.weights.uids,
    call.weights.values,
    call.salt,
    call.versionKey,
  ],
  commitTimelockedWeights: (call) => [
    call.netuid,
    call.mechanism,
    `0x${Buffer.from(call.commit).toString("hex")}`,
    call.round,
    call.version,
  ],
  serveAxon: (call) => [
    call.netuid,
    AXON_VERSION,
    ipToNumber(call.ip),
    call.port,
    isIPv6(call.ip) ? 6 : 4,
    AXON_PROTOCOL,
    0,
    0,
  ],
  burnedRegister: (call) => [call.netuid, call.hotkey],
  addStake: (call) => [call.hotkey, call.netuid, call.amountRao],
  registerNetwork: (call) => [call.hotkey],
  startCall: (call) => [call.netuid],
  commit: (call) => {
    const field = call.data.length <= RAW_MAX_BYTES ? `Raw${call.data.length}` : "BigRaw";
    return [call.netuid, { fields: [{ [field]: `0x${Buffer.from(call.data).toString("hex")}` }] }];
  },
};

export function callPath(call: { kind: Kind }): { pallet: string; method: string } {
  return SHAPES[call.kind];
}

export function callName(call: Call): string {
  if (call.kind === "setHyperparameter") return `adminUtils.${call.setter}`;
  if (call.kind === "sudo") return `${call.pallet}.${call.call}`;
  const { pallet, method } = SHAPES[call.kind];
  return `${pallet}.${method}`;
}

/**
 * Compare a call of the live metadata with the one this code was written for.
 *
 * @param args - `name: typeName` of each argument
 * @throws SubforgeError CHAIN_CALL_UNKNOWN: signing would mean guessing
 */
export function checkShape(kind: Kind, args: string[]): void {
  const expected = SHAPES[kind].args;
  if (expected.length === args.length && expected.every((arg, i) => sameArgument(arg, args[i]!))) return;
  throw new SubforgeError("CHAIN_CALL_UNKNOWN", {
    call: `${SHAPES[kind].pallet}.${SHAPES[kind].method}`,
    reason: `it takes (${args.join(", ")}), we know (${expected.join(", ")})`,
  });
}

/**
 * Textual address to the number the chain stores: an IPv4 address as its 32 bits, IPv6 as 128.
 *
 * @param ip - Already checked to be an address.
 */
export function ipToNumber(ip: string): bigint {
  if (!isIPv6(ip)) return ip.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  const [head = "", tail] = ip.toLowerCase().split("%")[0]!.split("::");
  const left = toGroups(head);
  const right = tail === undefined ? [] : toGroups(tail);
  const zeros = new Array<number>(8 - left.length - right.length).fill(0);
  return [...left, ...zeros, ...right].reduce((sum, group) => sum * 65_536n + BigInt(group), 0n);
}

/** The number the chain stores to text: dotted for type 4, eight groups without leading zeros for type 6. */
export function ipFromNumber(ip: bigint, ipType: number): string {
  if (ipType === 4) return [24n, 16n, 8n, 0n].map((shift) => String((ip >> shift) & 255n)).join(".");
  return Array.from({ length: 8 }, (_, i) => ((ip >> BigInt(112 - 16 * i)) & 65_535n).toString(16)).join(":");
}

/**
 * The same argument, spelt by another runtime or another reader of metadata: newtypes changed names without changing
 * a byte, and @polkadot/api drops paths, boxes and underscores.
 */
function sameArgument(expected: string, actual: string): boolean {
  return plainArgument(expected) === plainArgument(actual);
}

/** `name: type` without what makes no difference to the bytes. */
export function plainArgument(argument: string): string {
  return argument
    .replace(/^[^:]+/, (name) => name.replaceAll("_", "").toLowerCase())
    .replace(/\bBox<(.*)>/, "$1")
    .replace(/\bT::|<T::\w+>/g, "")
    .replace(/\bAccountIdOf<T>/, "AccountId")
    .replace(/\bNetUid(StorageIndex)?\b/, "u16")
    .replace(/\bMechId\b/, "u8")
    .replace(/\bBytes$/, "Vec<u8>")
    .replace(/\bBoundedVec<(.*?), .*>/, "Vec<$1>")
    .replace(/\b(Tao|Alpha)(Balance|Currency)\b/, "u64");
}

function toGroups(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (!group.includes(".")) return [Number.parseInt(group, 16)];
    const bits = Number(ipToNumber(group));
    return [bits >>> 16, bits & 65_535];
  });
}
