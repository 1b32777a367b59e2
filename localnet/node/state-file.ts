import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { SubforgeError } from "../../shared/errors.ts";
import type { Hex } from "../../shared/types.ts";
import type { Header, RuntimeEngine } from "../engine.ts";
import { blake2b256 } from "../state/hashing.ts";
import type { Reader } from "../state/store.ts";
import { option, record, vec } from "../types/composites.ts";
import { bytesToHex, hexToBytes } from "../types/hex.ts";
import { Bytes, Str, U32, U64 } from "../types/primitives.ts";
import { H256 } from "../types/substrate-types.ts";
import { decodeExactly, type ValueOf } from "../types/type-node.ts";

/** Version of the layout below. A change of it comes with a step from the one before, or a refusal by name. */
const FORMAT = "subforge-chain-state";
const VERSION = 1;

/** Largest file, and what it may unpack to: far more than a development chain grows to. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;
const MAX_CONTENT_BYTES = 1024 * 1024 * 1024;

/** The first line is JSON for people and programs that only look; it is never longer. */
const MAX_LINE_BYTES = 4_096;

/** Where a runtime blob lies in the state of a chain that runs one. */
const CODE_KEY: Hex = "0x3a636f6465";

const HeaderNode = record("Header", {
  parentHash: H256,
  number: U32,
  stateRoot: H256,
  extrinsicsRoot: H256,
  digest: vec(Bytes),
});

const Content = record("Content", {
  specName: Str,
  specVersion: U32,
  /** Hash of the runtime blob, where the chain runs one. */
  codeHash: option(H256),
  genesis: HeaderNode,
  head: HeaderNode,
  extrinsics: vec(Bytes),
  inherents: U32,
  /** Of the blocks up to the head, oldest first. */
  hashes: vec(H256),
  /** What roots of later blocks build on. */
  root: H256,
  /** Time of the head, Unix milliseconds. */
  timeMs: U64,
  state: Bytes,
});

/** All that a chain needs to go on elsewhere: its identity, its last block and the state after it. */
export type ChainDump = Omit<ValueOf<typeof Content>, "genesis" | "head"> & { genesis: Header; head: Header };

/** Which runtime made a dump, or runs here. */
type Rules = Pick<ChainDump, "specName" | "specVersion" | "codeHash">;

type Line = {
  format: string;
  version: number;
  genesis: Hex;
  block: number;
  specVersion: number;
  sha256: string;
};

/** A dump as one file: a line that says what it is, and the packed content under its checksum. */
export function encodeStateFile(dump: ChainDump, genesisHash: Hex): Uint8Array {
  const content = Content.encode({ ...dump, genesis: toNode(dump.genesis), head: toNode(dump.head) });
  const packed = gzipSync(content, { level: 1 });
  const facts = {
    format: FORMAT,
    version: VERSION,
    genesis: genesisHash,
    block: dump.head.number,
    specVersion: dump.specVersion,
  };
  const line: Line = { ...facts, sha256: checksum(facts, packed) };
  return Buffer.concat([Buffer.from(`${JSON.stringify(line)}\n`), packed]);
}

/**
 * Read what `encodeStateFile` wrote.
 *
 * @param name - What errors call it: a path.
 * @throws SubforgeError CHAIN_STATE_INVALID for a file that is damaged or something else, CHAIN_STATE_INCOMPATIBLE for one
 *   of another version
 */
export function decodeStateFile(file: Uint8Array, name: string): ChainDump {
  const invalid = (problem: string) => new SubforgeError("CHAIN_STATE_INVALID", { name, problem });
  if (file.length > MAX_FILE_BYTES) throw invalid(`${file.length} bytes are too many`);
  const end = file.subarray(0, MAX_LINE_BYTES).indexOf(0x0a);
  const { sha256, ...facts } = parseLine(file.subarray(0, Math.max(0, end))) ?? {};
  if (facts.format !== FORMAT) throw invalid("it does not begin with the line of a chain's state");
  if (facts.version !== VERSION)
    throw new SubforgeError("CHAIN_STATE_INCOMPATIBLE", {
      name,
      problem: `it has version ${facts.version} of the format, this release reads ${VERSION}`,
    });
  const packed = file.subarray(end + 1);
  if (sha256 !== checksum(facts, packed)) throw invalid("its checksum does not match: it was cut or changed");
  try {
    const content = decodeExactly<ValueOf<typeof Content>>(Content, unpack(packed));
    return { ...content, genesis: fromNode(content.genesis), head: fromNode(content.head) };
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error));
  }
}

/** The runtime of a chain. */
export function rulesOf({ engine, state }: { engine: RuntimeEngine; state: Reader }): Rules {
  const { specName, specVersion } = engine.version();
  const code = state.get(CODE_KEY);
  return { specName, specVersion, codeHash: code && bytesToHex(blake2b256(code)) };
}

/**
 * A dump goes on only under the rules it was made by: others might read its state as something else.
 *
 * @throws SubforgeError CHAIN_STATE_INCOMPATIBLE naming the difference
 */
export function requireSameRules(dump: Rules, present: Rules, name: string): void {
  const describe = ({ specName, specVersion, codeHash }: Rules) =>
    `${specName} ${specVersion} ${codeHash ? `as the blob ${codeHash}` : "as modelled in TypeScript"}`;
  if (describe(dump) === describe(present)) return;
  const problem = `it was made by ${describe(dump)}, this chain runs ${describe(present)}`;
  throw new SubforgeError("CHAIN_STATE_INCOMPATIBLE", { name, problem });
}

function parseLine(line: Uint8Array): Partial<Line> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(line).toString("utf8"));
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function unpack(packed: Uint8Array): Uint8Array {
  return new Uint8Array(gunzipSync(packed, { maxOutputLength: MAX_CONTENT_BYTES }));
}

/** Of the line and the content, so that neither can be exchanged. */
function checksum(facts: Partial<Line>, packed: Uint8Array): string {
  return createHash("sha256").update(JSON.stringify(facts)).update(packed).digest("hex");
}

function toNode(header: Header): ValueOf<typeof HeaderNode> {
  return { ...header, digest: header.digest.map(hexToBytes) };
}

function fromNode(header: ValueOf<typeof HeaderNode>): Header {
  return { ...header, digest: header.digest.map(bytesToHex) };
}
