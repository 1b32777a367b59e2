import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { packageRoot } from "../../shared/process-entry.ts";

export type Cage = {
  /** Built script, from `processEntry`, and arguments that name the template. Never a secret. */
  script: string;
  args: readonly string[];
  /** Files or folders it may read besides the package's code and its dependencies. */
  readable: readonly string[];
  /** JavaScript heap. */
  heapMiB: number;
  /** Processor time, after which the system ends it, also when nobody is left who would. */
  cpuSeconds: number;
};

/** What Node itself needs on top of a heap, buffers of a question among it. */
const NODE_MIB = 384;
const PROBE_TIMEOUT_MS = 5_000;

/** A network of its own with nothing in it, where the system lets users have one. */
const NO_NETWORK = ["unshare", "--user", "--map-current-user", "--net"];

/**
 * Limits that the kernel keeps: memory, processor time, no files written, no core dump with what it knew. A system
 * without one of them goes on without it. An environment with nothing in it, for shells add to it.
 */
const LIMITED = `ulimit -c 0; ulimit -f 0; ulimit -t "$1"; ulimit -d "$2"; shift 2; exec env -i "$@"`;

/**
 * Starts a Node process that holds code which nobody trusts. It reads the package's code, the packages it depends on
 * and what `readable` names; it writes no file, starts no process and no thread, loads no native code, and sees no
 * environment. Its pipes: 2 for its troubles, 3 for the answer, 4 for the question.
 */
export async function startCaged(cage: Cage): Promise<ChildProcess> {
  const { script, args, heapMiB, cpuSeconds } = cage;
  const permission = process.allowedNodeEnvironmentFlags.has("--permission")
    ? "--permission"
    : "--experimental-permission";
  const reads = [...codeFolders(script), ...cage.readable].map((path) => `--allow-fs-read=${path}`);
  const node = [process.execPath, permission, ...reads, "--no-warnings", `--max-old-space-size=${heapMiB}`];
  const network = (await hasOwnNetworks()) ? NO_NETWORK : [];
  const limits = [String(cpuSeconds), String((heapMiB + NODE_MIB) * 1024)];
  return spawn("/bin/sh", ["-c", LIMITED, "sh", ...limits, ...network, ...node, script, ...args], {
    cwd: "/",
    env: {},
    stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
  });
}

let probed: Promise<boolean> | undefined;

/** Can this user give a process a network of its own? Without it, a scorer can send away what it is shown. */
export function hasOwnNetworks(): Promise<boolean> {
  const [command, ...flags] = NO_NETWORK;
  probed ??= promisify(execFile)(command!, [...flags, "true"], { timeout: PROBE_TIMEOUT_MS }).then(
    () => true,
    () => false,
  );
  return probed;
}

/**
 * The built code, and every folder in which Node would look for its packages. Node asks for the path it was given and for
 * the one behind its links: either may be refused.
 */
function codeFolders(script: string): string[] {
  const root = packageRoot();
  const folders = [dirname(script)];
  for (let at = root; ; at = dirname(at)) {
    const modules = join(at, "node_modules");
    if (existsSync(modules)) folders.push(modules);
    if (dirname(at) === at) break;
  }
  const all = new Set(folders.flatMap((folder) => [folder, realpathSync(folder)]));
  return [...[...all].map((folder) => `${folder}/*`), join(root, "package.json")];
}
