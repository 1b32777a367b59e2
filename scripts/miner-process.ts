import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { startLocalNode } from "../localnet/node/local-node.ts";
import { openSubstrateChain } from "../shared/chain/substrate-chain.ts";
import { SubforgeError } from "../shared/errors.ts";
import { Keypair, keysReady } from "../shared/keys/keypair.ts";
import { silentLogger } from "../shared/logger.ts";
import { packageRoot, processEntry } from "../shared/process-entry.ts";
import { createDevSubnet, DEV_KEYS, devBalances, minerKeys } from "./dev/dev-subnet.ts";

const MINER = 1;
const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 15_000;
const KIB_PER_MIB = 1024;

/** A miner of the command line as a process of its own, on a chain of its own. */
export type MinerProcess = {
  url: string;
  hotkey: string;
  metricsUrl: string;
  /** The validator of its subnet. */
  caller: Keypair;
  process: ChildProcess;
  /** What it wrote to stderr and has not been taken yet. */
  takeLog(): string;
  close(): Promise<void>;
};

/**
 * A local chain in this process, a subnet on it, and `subforge miner serve` with the model of the hello subnet.
 *
 * @param flags - Added to the command.
 * @param environment - Added to that of this process.
 * @throws SubforgeError INTERNAL when the miner does not start
 */
export async function startMinerProcess(
  flags: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<MinerProcess> {
  await keysReady();
  const miners = [minerKeys(MINER)];
  const genesis = { balances: devBalances(miners) };
  const mode = { kind: "interval" as const, ms: 500 };
  const node = await startLocalNode({ port: 0, mode, genesis, logger: silentLogger });
  const chain = await openSubstrateChain({ endpoint: node.endpoint }, silentLogger);
  const { netuid } = await createDevSubnet(chain, { tempo: 360, commitReveal: false, miners });
  await chain.close();
  const model = join(packageRoot(), "subnets/hello/models/sum.onnx");
  const words = ["miner", "serve", "--json", "--log-level", "warn", "--template", "hello", "--model", model];
  const where = [
    "--network",
    node.endpoint,
    "--netuid",
    String(netuid),
    "--port",
    "0",
    "--metrics-port",
    "0",
  ];
  const who = ["--dev-key", `//Miner//${MINER}//hotkey`, "--no-require-permit"]; // no epoch has given one yet
  const child = spawn(process.execPath, [processEntry("cli"), ...words, ...where, ...who, ...flags], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const close = async () => {
    await stop(child);
    await node.close();
  };
  try {
    const { url, hotkey, metricsUrl } = await readDocument(child);
    const takeLog = () => {
      const text = log;
      log = "";
      return text;
    };
    const caller = Keypair.fromUri(DEV_KEYS.validatorHotkey);
    return { url, hotkey, metricsUrl, caller, process: child, takeLog, close };
  } catch (error) {
    await close();
    throw new SubforgeError("INTERNAL", { what: `the miner did not start: ${log || String(error)}` });
  }
}

/** Of a process of this machine, MiB. Only Linux tells it of another process: 0 elsewhere. */
export function residentMiB(pid: number): number {
  try {
    const [, kib] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Math.round(Number(kib ?? 0) / KIB_PER_MIB);
  } catch {
    return 0;
  }
}

/** Processes that this one started and that still run. Empty elsewhere than on Linux. */
export function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    return text.split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

async function readDocument(child: ChildProcess): Promise<Record<"url" | "hotkey" | "metricsUrl", string>> {
  const timer = setTimeout(() => child.kill("SIGKILL"), START_DEADLINE_MS);
  try {
    for await (const line of createInterface({ input: child.stdout! })) return JSON.parse(line);
    throw new Error("it ended");
  } finally {
    clearTimeout(timer);
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_DEADLINE_MS);
  await ended;
  clearTimeout(timer);
}
