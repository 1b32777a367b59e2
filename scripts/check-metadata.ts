import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { MAX_FRAME_BYTES } from "../shared/chain/link/rpc-socket.ts";
import { describeMetadata } from "../shared/chain/runtime/describe-runtime.ts";
import { findShapeProblems } from "../shared/chain/runtime/runtime-shape.ts";
import { findStorageProblems } from "../shared/chain/runtime/storage-shape.ts";
import { SubforgeError } from "../shared/errors.ts";
import { replaceFile } from "./chain/replace-file.ts";
import { endpointOf } from "./networks.ts";
import { createOutput } from "./output.ts";
import { readLiveMetadata, requireMetadata } from "./read-metadata.ts";

/** One thing that we use and that a runtime has in another shape, or not at all. */
export type MetadataDifference = { kind: "call" | "storage" | "api"; what: string; problem: string };

/**
 * Compare what we sign and read with what metadata declares.
 *
 * @throws SubforgeError CHAIN_BAD_ANSWER for what is no metadata
 */
export function compareMetadata(bytes: Uint8Array): MetadataDifference[] {
  requireMetadata(bytes);
  return [
    ...findShapeProblems(describeMetadata(bytes)),
    ...findStorageProblems(bytes).map((problem) => ({ ...problem, kind: "storage" as const })),
  ];
}

/**
 * Save the metadata of a live chain, in the newest form it has.
 *
 * @throws SubforgeError CHAIN_UNREACHABLE, CHAIN_TIMEOUT, CHAIN_BAD_ANSWER, CHAIN_STATE_FILE
 */
export async function pullMetadata(
  args: { network: string; out: string; json: boolean },
  signal: AbortSignal,
): Promise<void> {
  const { bytes, ...live } = await readLiveMetadata(endpointOf(args.network), signal);
  await replaceFile(args.out, bytes);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  createOutput(args).result({ file: args.out, bytes: bytes.length, sha256, ...live }, [
    `${live.specName} ${live.specVersion}  metadata V${live.version}  ${bytes.length} bytes  ${args.out}`,
    `sha256 ${sha256}`,
    `next: subforge metadata check ${args.out}`,
  ]);
}

/**
 * Say by name what a runtime has in another shape than we know.
 *
 * @throws SubforgeError METADATA_DIFFERS when something cannot be signed or read, after it was printed
 */
export async function checkMetadata(
  args: { network: string; file: string | undefined; json: boolean },
  signal: AbortSignal,
): Promise<void> {
  const endpoint = args.file === undefined ? endpointOf(args.network) : undefined;
  const live = endpoint === undefined ? undefined : await readLiveMetadata(endpoint, signal);
  const bytes = live?.bytes ?? (await readMetadataFile(args.file ?? ""));
  const differences = compareMetadata(bytes);
  const where = live ? `${live.specName} ${live.specVersion}` : (args.file ?? "");
  const output = createOutput(args);
  if (differences.length === 0) {
    const document = { where, specVersion: live?.specVersion ?? null, differences };
    return output.result(document, [
      `ok  ${where}: every call, storage item and answer we use has its shape`,
    ]);
  }
  for (const { kind, what, problem } of differences) output.line(`${kind.padEnd(7)}  ${what}: ${problem}`);
  throw new SubforgeError("METADATA_DIFFERS", { where, what: differences.map(({ what }) => what) });
}

async function readMetadataFile(path: string): Promise<Uint8Array> {
  const refuse = (problem: string) =>
    new SubforgeError("CONFIG_INVALID", { what: `the file ${path}`, problems: [problem] });
  // Without O_NONBLOCK a pipe in place of the file would keep us waiting for somebody to write.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(
    (error: NodeJS.ErrnoException) => {
      throw refuse(`it cannot be read (${error.code})`);
    },
  );
  try {
    const stat = await file.stat();
    if (!stat.isFile() || stat.size > MAX_FRAME_BYTES) throw refuse("it is no plain file of metadata");
    return new Uint8Array(await file.readFile());
  } finally {
    await file.close();
  }
}
