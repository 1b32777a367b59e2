import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, statfs } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { inspectCuda } from "../miner/gpu/cuda-report.ts";
import packageJson from "../package.json" with { type: "json" };
import { openSubstrateChain } from "../shared/chain/substrate-chain.ts";
import { silentLogger } from "../shared/logger.ts";
import { packageRoot } from "../shared/process-entry.ts";
import { connectRedis } from "../shared/queue/connection.ts";
import { type Finding, missing, orMissing } from "./finding.ts";
import { gpuFolder } from "./gpu/gpu-folder.ts";
import { describeWallets } from "./list-wallets.ts";
import { chainAt } from "./networks.ts";

const CHAIN_TIMEOUT_MS = 5_000;
const CHILD_TIMEOUT_MS = 20_000;

/** A journal, a private Redis and some models fit into this many times over. */
const MIN_FREE_BYTES = 2 ** 30;

export type DoctorOptions = {
  /** A network other than `local` must be reachable. */
  network: string;
  /** Undefined: a private redis-server is used, so the program must be there. */
  queue: string | undefined;
  queuePrivateNetwork: boolean;
  walletPath: string;
  axonPort: number;
  /** As for `gpuFolder`. */
  gpuDir: string | undefined;
};

/** Looks at everything at once; each look has its own deadline and none changes anything. */
export async function diagnose(options: DoctorOptions): Promise<Finding[]> {
  const findings = await Promise.all([
    checkNode(),
    checkRedisServer(options),
    checkQueue(options),
    checkInference(),
    checkCuda(options.gpuDir),
    checkChain(options.network),
    checkPort("axon port", options.axonPort),
    checkWallets(options.walletPath),
    checkDisk(),
  ]);
  return findings.flat();
}

/** A process that got this far runs on a Node that is new enough to have loaded us; the range is still stated. */
function checkNode(): Finding {
  const wanted = packageJson.engines.node.replace(">=", "").split(".").map(Number);
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const ok = major > wanted[0]! || (major === wanted[0]! && minor >= wanted[1]!);
  const fact = `${process.versions.node} (${packageJson.engines.node} is needed)`;
  return ok ? { what: "node", state: "ok", fact } : missing("node", fact, "install a newer Node");
}

export async function checkRedisServer({ queue }: Pick<DoctorOptions, "queue">): Promise<Finding> {
  const folder = await folderOnPath("redis-server");
  if (folder !== undefined) return { what: "redis-server", state: "ok", fact: join(folder, "redis-server") };
  if (queue !== undefined) return { what: "redis-server", state: "absent", fact: "a shared Redis is used" };
  return missing("redis-server", "not on PATH", "run: apt-get install redis-server, or set REDIS_URL");
}

async function checkQueue({ queue, queuePrivateNetwork }: DoctorOptions): Promise<Finding> {
  if (queue === undefined) {
    return { what: "queue", state: "absent", fact: "a private redis-server is started when one is needed" };
  }
  return orMissing("queue", async () => {
    const link = await connectRedis({
      url: queue,
      privateNetwork: queuePrivateNetwork,
      logger: silentLogger,
    });
    link.close();
    return link.where;
  });
}

/** In a child: native code that cannot be loaded may end its process. */
async function checkInference(): Promise<Finding> {
  const script = "const ort=await import('onnxruntime-node');console.log(ort.env.versions.node)";
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
      cwd: packageRoot(),
      timeout: CHILD_TIMEOUT_MS,
    });
    return { what: "onnxruntime", state: "ok", fact: `${stdout.trim()} loads` };
  } catch (error) {
    const fact = error instanceof Error ? error.message.split("\n")[0]! : String(error);
    return missing("onnxruntime", `does not load: ${fact}`, "run: npm ci");
  }
}

/** Looks, and tries nothing: `subforge gpu check` runs a model on every card. */
async function checkCuda(gpuDir: string | undefined): Promise<Finding> {
  const { gpus, provider, problems } = await inspectCuda(gpuFolder({ gpuDir }), process.env);
  const [first] = problems;
  if (first === undefined) {
    const cards = gpus.map(({ index, name }) => `GPU ${index} ${name}`).join(", ");
    return {
      what: "CUDA",
      state: "ok",
      fact: `${cards}; CUDA ${provider?.cuda} provider; try it: subforge gpu check`,
    };
  }
  const fact = `${problems.map(({ what }) => what).join("; ")}; models run on the CPU`;
  return gpus.length === 0
    ? { what: "CUDA", state: "absent", fact }
    : { what: "CUDA", state: "warn", fact, next: first.next };
}

async function checkChain(network: string): Promise<Finding> {
  const at = chainAt(network);
  const endpoint = at.endpoint.join(", ");
  const finding = await orMissing("chain", async () => {
    const chain = await openSubstrateChain({ ...at, timeoutMs: CHAIN_TIMEOUT_MS }, silentLogger);
    try {
      const { name, specName, specVersion } = chain.identity;
      return `${endpoint}: ${name}, ${specName} ${specVersion}, block ${(await chain.head()).number}`;
    } finally {
      await chain.close();
    }
  });
  if (finding.state === "ok" || network !== "local") return finding;
  const next = "start one when you need it: subforge chain start";
  return { what: "chain", state: "absent", fact: `no local chain runs at ${endpoint}`, next };
}

export async function checkPort(what: string, port: number): Promise<Finding> {
  const reason = await new Promise<string | undefined>((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(port, "0.0.0.0", () => server.close(() => resolve(undefined)));
  });
  if (reason === undefined) return { what, state: "ok", fact: `${port} is free` };
  return {
    what,
    state: "warn",
    fact: `${port} cannot be used (${reason})`,
    next: "choose another with --port",
  };
}

async function checkWallets(walletPath: string): Promise<Finding> {
  const keys = await describeWallets(walletPath);
  if (keys.length === 0) {
    return {
      what: "wallets",
      state: "absent",
      fact: `none in ${walletPath}`,
      next: "run: subforge wallet create",
    };
  }
  const bad = keys.filter(({ state }) => state.startsWith("WALLET_"));
  const fact = `${keys.length} keys in ${walletPath}`;
  if (bad.length === 0) return { what: "wallets", state: "ok", fact };
  const named = bad.map(({ wallet, name, state }) => `${wallet}/${name}: ${state}`).join(", ");
  return {
    what: "wallets",
    state: "warn",
    fact: `${fact}; not usable: ${named}`,
    next: "run: subforge wallet list",
  };
}

export async function checkDisk(): Promise<Finding> {
  const { bavail, bsize } = await statfs(tmpdir());
  const free = bavail * bsize;
  const fact = `${(free / 2 ** 30).toFixed(1)} GiB free in ${tmpdir()}`;
  return free >= MIN_FREE_BYTES
    ? { what: "disk", state: "ok", fact }
    : missing("disk", fact, "free at least 1 GiB, or set TMPDIR");
}

async function folderOnPath(program: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const found = await access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return folder;
  }
  return undefined;
}
