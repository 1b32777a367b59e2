import { RpcRefusal } from "../shared/chain/link/rpc-socket.ts";
import { SubforgeError } from "../shared/errors.ts";
import type { Hex } from "../shared/types.ts";
import { type AskEndpoint, askEndpoint } from "./ask-endpoint.ts";

/** The metadata of a real runtime is 0.7 MB of hex. */
const TIMEOUT_MS = 60_000;

/** Versions above are drafts, which a runtime marks by the largest number. */
const NEWEST_STABLE = 1_000;

/** What every metadata begins with. */
const MAGIC = Buffer.from("meta");

export type LiveMetadata = {
  bytes: Uint8Array;
  /** 14, 15, 16… */
  version: number;
  specName: string;
  specVersion: number;
  /** The finalized block it was read at. */
  blockHash: Hex;
};

/**
 * The metadata a chain serves, in the newest form that it has.
 *
 * @throws SubforgeError CHAIN_UNREACHABLE, CHAIN_TIMEOUT, CHAIN_BAD_ANSWER
 */
export function readLiveMetadata(endpoint: string, signal: AbortSignal): Promise<LiveMetadata> {
  return askEndpoint(endpoint, { what: "the metadata", timeoutMs: TIMEOUT_MS, signal }, async (ask) => {
    const blockHash = toText(await ask("chain_getFinalizedHead"), /^0x[0-9a-f]{64}$/) as Hex;
    const runtime = (await ask("state_getRuntimeVersion", blockHash)) as Record<string, unknown> | null;
    const bytes = await newestMetadata(ask, blockHash);
    return {
      bytes,
      version: requireMetadata(bytes),
      specName: toText(runtime?.specName, /^[\w-]{1,64}$/),
      specVersion: Number(toText(String(runtime?.specVersion), /^\d{1,10}$/)),
      blockHash,
    };
  });
}

/**
 * @returns the version in the head of metadata: 14, 15, 16…
 * @throws SubforgeError CHAIN_BAD_ANSWER
 */
export function requireMetadata(bytes: Uint8Array): number {
  if (!Buffer.from(bytes.subarray(0, MAGIC.length)).equals(MAGIC)) throw bad("it does not begin with meta");
  return bytes[MAGIC.length] ?? 0;
}

async function newestMetadata(ask: AskEndpoint, blockHash: Hex): Promise<Uint8Array> {
  const version = await newestVersion(ask, blockHash);
  if (version === undefined) return toBytes(await ask("state_getMetadata", blockHash));
  const argument = Buffer.alloc(4);
  argument.writeUInt32LE(version);
  const hex = `0x${argument.toString("hex")}`;
  const answer = toBytes(await ask("state_call", "Metadata_metadata_at_version", hex, blockHash));
  if (answer[0] !== 1) throw bad(`there is none of version ${version}`);
  return afterLength(answer.subarray(1));
}

/** @returns undefined where the runtime cannot be asked: it has one version, 14. */
async function newestVersion(ask: AskEndpoint, blockHash: Hex): Promise<number | undefined> {
  let answer: unknown;
  try {
    answer = await ask("state_call", "Metadata_metadata_versions", "0x", blockHash);
  } catch (error) {
    if (error instanceof RpcRefusal) return undefined;
    throw error;
  }
  const list = afterLength(toBytes(answer), 4);
  const versions = Array.from({ length: list.length / 4 }, (_, i) => list.readUInt32LE(4 * i));
  const stable = versions.filter((version) => version < NEWEST_STABLE);
  return stable.length > 0 ? Math.max(...stable) : undefined;
}

/** What follows a compact length of items of some bytes, which must be the rest. */
function afterLength(bytes: Buffer, itemBytes = 1): Buffer {
  const mode = (bytes[0] ?? 0) & 3;
  const width = [1, 2, 4][mode];
  if (width === undefined || bytes.length < width) throw bad("its length is out of range");
  const length = bytes.readUIntLE(0, width) >>> 2;
  const rest = bytes.subarray(width);
  if (rest.length !== length * itemBytes) throw bad("it was cut off");
  return rest;
}

function toBytes(answer: unknown): Buffer {
  return Buffer.from(toText(answer, /^0x([0-9a-f]{2})*$/).slice(2), "hex");
}

function toText(answer: unknown, form: RegExp): string {
  if (typeof answer === "string" && form.test(answer)) return answer;
  throw bad("the node answers in a form we do not know");
}

function bad(problem: string): SubforgeError {
  return new SubforgeError("CHAIN_BAD_ANSWER", { what: "the metadata", problem });
}
