import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SubforgeError } from "../../shared/errors.ts";
import { packageRoot } from "../../shared/process-entry.ts";
import { type ProgramResult, runProgram } from "./run-program.ts";

/**
 * The foreign clients, each as its users install it. What is not pinned is the newest release. The old SDK takes any
 * async-substrate-interface, but refuses to be imported with the second generation of it.
 */
const CLIENTS = {
  sdk10: { package: "bittensor", requirements: ["bittensor==10.2.0", "async-substrate-interface<2"] },
  sdk11: { package: "bittensor", requirements: ["bittensor>=11,<12"] },
  btcli: { package: "bittensor-cli", requirements: ["bittensor-cli"] },
  // With the newer SDK, whose helpers sign what the client wrote.
  triton: { package: "tritonclient", requirements: ["tritonclient[http]", "bittensor>=11,<12"] },
  // The peer of a benchmark: a miner of the old SDK that serves a model.
  axon10: {
    package: "bittensor",
    requirements: ["bittensor==10.2.0", "async-substrate-interface<2", "onnxruntime"],
  },
  // The peer of another one: the simulator's arithmetic in arrays.
  numpy: { package: "numpy", requirements: ["numpy"] },
} as const;

export type PythonEnvName = keyof typeof CLIENTS;
export type PythonClient = Exclude<PythonEnvName, "axon10" | "numpy">;
/** Of a chain; the other one asks a miner. */
export type ChainClient = Exclude<PythonClient, "triton">;
export const PYTHON_CLIENTS: readonly PythonClient[] = ["sdk10", "sdk11", "btcli", "triton"];

export type PythonEnv = {
  /** The interpreter that imports the client. */
  python: string;
  /** Folder of its programs, such as `btcli`. */
  bin: string;
  package: string;
  /** What was installed. */
  version: string;
};

/** Installing pulls some 60 packages. */
const INSTALL_TIMEOUT_MS = 600_000;
const QUICK_TIMEOUT_MS = 120_000;
const POLL_MS = 500;

/** Present once everything is installed: an interrupted installation has none and is made again. */
const READY_FILE = "ready.json";

/**
 * A virtual environment with one foreign client, made on first use under `node_modules/.cache` and reused after.
 * Packages come from wherever the user's pip takes them. Two processes may ask at once: one makes it, one waits.
 *
 * @param options.refresh - Make it again, to get a newer release.
 * @param options.onProgress - A line before what takes long.
 * @throws SubforgeError PYTHON_MISSING when there is no python3 with venv, PYTHON_PACKAGES when pip fails
 */
export async function pythonEnv(
  name: PythonEnvName,
  options: {
    refresh?: boolean;
    signal?: AbortSignal | undefined;
    onProgress?: (line: string) => void;
  } = {},
): Promise<PythonEnv> {
  const cache = join(packageRoot(), "node_modules", ".cache", "subforge", "interop");
  const folder = join(cache, name);
  mkdirSync(cache, { recursive: true });
  const release = await lock(join(cache, `${name}.lock`), options.signal);
  try {
    const known = options.refresh ? undefined : readReady(folder, name);
    if (known !== undefined) return toEnv(folder, name, known);
    options.onProgress?.(`installing ${requirementOf(name)} (a minute or two)`);
    rmSync(folder, { recursive: true, force: true });
    const version = await install(folder, name, options.signal);
    writeFileSync(join(folder, READY_FILE), JSON.stringify({ requirement: requirementOf(name), version }));
    return toEnv(folder, name, version);
  } finally {
    release();
  }
}

async function install(folder: string, name: PythonEnvName, signal?: AbortSignal): Promise<string> {
  const quick = { timeoutMs: QUICK_TIMEOUT_MS, signal };
  const made = await runProgram("python3", ["-m", "venv", folder], quick).catch((error: Error) => {
    throw new SubforgeError("PYTHON_MISSING", { reason: error.message }, { cause: error });
  });
  if (made.code !== 0) throw new SubforgeError("PYTHON_MISSING", { reason: reasonOf(made) });
  const { requirements, package: installed } = CLIENTS[name];
  const python = join(folder, "bin", "python");
  const pip = (...more: string[]) =>
    runProgram(python, ["-m", "pip", "install", "--quiet", "--no-input", ...more, ...requirements], {
      timeoutMs: INSTALL_TIMEOUT_MS,
      signal,
    });
  let result = await pip();
  // Before its first release, a client exists as release candidates only.
  if (result.code !== 0 && /no matching distribution/i.test(result.stderr)) result = await pip("--pre");
  signal?.throwIfAborted();
  if (result.code !== 0)
    throw new SubforgeError("PYTHON_PACKAGES", {
      requirement: requirementOf(name),
      reason: reasonOf(result),
    });
  const script = `from importlib.metadata import version; print(version("${installed}"))`;
  return (await runProgram(python, ["-c", script], quick)).stdout.trim();
}

function readReady(folder: string, name: PythonEnvName): string | undefined {
  const path = join(folder, READY_FILE);
  if (!existsSync(path)) return undefined;
  const { requirement, version } = JSON.parse(readFileSync(path, "utf8")) as Record<string, string>;
  return requirement === requirementOf(name) ? version : undefined;
}

function requirementOf(name: PythonEnvName): string {
  return CLIENTS[name].requirements.join(" ");
}

function toEnv(folder: string, name: PythonEnvName, version: string): PythonEnv {
  const bin = join(folder, "bin");
  return { python: join(bin, "python"), bin, package: CLIENTS[name].package, version };
}

/** The last line that says something. */
function reasonOf({ code, stderr, stdout, timedOut }: ProgramResult): string {
  if (timedOut) return "it took too long";
  const lines = `${stdout}\n${stderr}`.split("\n").filter((line) => line.trim() !== "");
  const telling = lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1);
  return telling?.trim().slice(0, 300) ?? `exit code ${code}`;
}

/** One process at a time works on a folder; the lock of a process that died is taken over. */
async function lock(path: string, signal?: AbortSignal): Promise<() => void> {
  const until = Date.now() + INSTALL_TIMEOUT_MS;
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: "wx" });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    if (!isRunning(path)) rmSync(path, { force: true });
    signal?.throwIfAborted();
    if (Date.now() > until)
      throw new SubforgeError("PYTHON_PACKAGES", {
        requirement: "the environment",
        reason: `another process keeps ${path}`,
      });
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function isRunning(path: string): boolean {
  try {
    const pid = Number(readFileSync(path, "utf8"));
    if (pid === 0) return true; // its owner is about to write its id
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
