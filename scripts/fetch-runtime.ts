import { createHash } from "node:crypto";
import { MAX_BLOB_BYTES } from "../localnet/host/runtime-blob.ts";
import { hexToBytes } from "../localnet/types/hex.ts";
import { SubforgeError } from "../shared/errors.ts";
import { createLogger, type LogLevel } from "../shared/logger.ts";
import type { Hex } from "../shared/types.ts";
import { askEndpoint } from "./ask-endpoint.ts";
import { replaceFile } from "./chain/replace-file.ts";
import { endpointOf } from "./networks.ts";
import { createOutput } from "./output.ts";

/** Where every Substrate chain keeps its runtime: the key ":code". */
const CODE_KEY = "0x3a636f6465";

/** A runtime is some 3 MB of hex: a slow line takes a while. */
const TIMEOUT_MS = 120_000;

export type FetchRuntimeArgs = {
  network: string;
  /** Before `network`. */
  endpoint?: string | undefined;
  out: string;
  json: boolean;
  logLevel: string;
};

/** What was written down. */
export type FetchedRuntime = {
  file: string;
  bytes: number;
  sha256: string;
  specName: string;
  specVersion: number;
  /** The chain it was read from, and the finalized block. */
  genesisHash: Hex;
  blockHash: Hex;
};

/**
 * Save the runtime of a live chain, for `chain start --runtime`. It is opened before it is written: what cannot be run
 * here is refused, and a file of that name stays as it was.
 *
 * @throws SubforgeError CHAIN_UNREACHABLE, CHAIN_TIMEOUT, CHAIN_BAD_ANSWER, RUNTIME_BLOB_INVALID, RUNTIME_IMPORT_UNKNOWN,
 *   CHAIN_STATE_FILE
 */
export async function fetchRuntime(args: FetchRuntimeArgs, signal: AbortSignal): Promise<void> {
  const endpoint = endpointOf(args.endpoint ?? args.network);
  const { blob, genesisHash, blockHash, specVersion } = await readFrom(endpoint, signal);
  const { RealEngine } = await import("../localnet/host/real-engine.ts");
  const logger = createLogger("chain", args.logLevel as LogLevel);
  const version = new RealEngine({ blob, logger }).version();
  if (version.specVersion !== specVersion)
    throw bad(`the blob is of version ${version.specVersion}, the chain says ${specVersion}`);
  await replaceFile(args.out, blob);
  const fetched: FetchedRuntime = {
    file: args.out,
    bytes: blob.length,
    sha256: createHash("sha256").update(blob).digest("hex"),
    specName: version.specName,
    specVersion,
    genesisHash,
    blockHash,
  };
  createOutput(args).result(fetched, [
    `${fetched.specName} ${fetched.specVersion}  ${fetched.bytes} bytes  ${fetched.file}`,
    `sha256 ${fetched.sha256}`,
    `next: subforge chain start --runtime ${fetched.file}`,
  ]);
}

type Answer = { blob: Uint8Array; genesisHash: Hex; blockHash: Hex; specVersion: number };

function readFrom(endpoint: string, signal: AbortSignal): Promise<Answer> {
  return askEndpoint(endpoint, { what: "the runtime", timeoutMs: TIMEOUT_MS, signal }, async (ask) => {
    const genesisHash = toHash(await ask("chain_getBlockHash", 0));
    const blockHash = toHash(await ask("chain_getFinalizedHead"));
    const version = (await ask("state_getRuntimeVersion", blockHash)) as { specVersion?: unknown } | null;
    const specVersion = Number(version?.specVersion);
    const blob = toBlob(await ask("state_getStorage", CODE_KEY, blockHash));
    return { blob, genesisHash, blockHash, specVersion };
  });
}

function toHash(answer: unknown): Hex {
  if (typeof answer === "string" && /^0x[0-9a-f]{64}$/.test(answer)) return answer as Hex;
  throw bad("a block hash is 32 bytes in hex");
}

function toBlob(answer: unknown): Uint8Array {
  if (answer === null) throw bad("there is none: the built-in engine of a local chain has no blob");
  if (typeof answer !== "string" || answer.length > 2 * MAX_BLOB_BYTES + 2) throw bad("it is far too large");
  try {
    return hexToBytes(answer);
  } catch {
    throw bad("it is no hex");
  }
}

function bad(problem: string): SubforgeError {
  return new SubforgeError("CHAIN_BAD_ANSWER", { what: "the runtime", problem });
}
