import { existsSync, readFileSync } from "node:fs";
import { openSubstrateChain } from "../../shared/chain/substrate-chain.ts";
import { SubforgeError } from "../../shared/errors.ts";
import { keysReady } from "../../shared/keys/keypair.ts";
import { silentLogger } from "../../shared/logger.ts";
import { pythonEnv } from "../interop/python-env.ts";
import { PythonSession } from "../interop/python-session.ts";
import { type BenchCase, compareCosts, type Round } from "./bench-case.ts";
import { type ChainProcess, startChainProcess } from "./chain-process.ts";
import { fillSubnet } from "./full-subnet.ts";

const NETUID = 2;
const NEURONS = 256;
const VALIDATORS = 64;
const ROUNDS = 9;
/** Calls before the first round, on both sides: compilers and caches of keys. */
const WARM_UP = 5;
/** What the metagraph may take, milliseconds. */
const MOST_MS = 20;
const FASTER_THAN_PYTHON = 5;
const PYTHON_TIMEOUT_MS = 60_000;
/** Linux counts the time of another process in hundredths of a second: many calls make one figure. */
const CALLS_PER_ROUND = 20;
const MS_PER_TICK = 10;

/**
 * The metagraph of a full subnet, by us and by the Python SDK, from the same node, one after the other in each round.
 * A block is made before each call: what a client remembers of the last block helps nobody.
 */
export async function benchChainLink(): Promise<BenchCase[]> {
  await keysReady();
  const node = await startChainProcess();
  try {
    await fillSubnet(node, { neurons: NEURONS, validators: VALIDATORS });
    const chain = await openSubstrateChain({ endpoint: node.endpoint }, silentLogger);
    try {
      const ask = () => timed(node, () => chain.metagraph(NETUID));
      for (let i = 0; i < WARM_UP; i++) await ask();
      return [await againstPython(node, ask), await againstTheClock(node, () => chain.metagraph(NETUID))];
    } finally {
      await chain.close();
    }
  } finally {
    await node.close();
  }
}

async function againstPython(node: ChainProcess, ask: () => Promise<number>): Promise<BenchCase> {
  const what = `metagraph of ${NEURONS} neurons, peer: Python bittensor metagraph()`;
  const { python } = await pythonEnv("sdk10", { onProgress: say });
  const session = PythonSession.start(python, "time_metagraph.py", process.env);
  const step = async <T>(name: string, args: Record<string, unknown>): Promise<T> => {
    const answer = await session.ask(name, args, PYTHON_TIMEOUT_MS);
    if (answer.ok) return answer.value as T;
    throw new SubforgeError("BENCH_USAGE", {
      problem: `the Python SDK cannot be measured: ${answer.reason}`,
    });
  };
  try {
    await step("connect", { endpoint: node.endpoint });
    const peer = async () => {
      await node.call("dev_newBlock");
      const { ms, neurons } = await step<{ ms: number; neurons: number }>("metagraph", { netuid: NETUID });
      if (neurons === NEURONS) return ms;
      throw new SubforgeError("BENCH_USAGE", { problem: `Python saw ${neurons} of ${NEURONS} neurons` });
    };
    for (let i = 0; i < WARM_UP; i++) await peer();
    const rounds: Round[] = [];
    for (let i = 0; i < ROUNDS; i++) rounds.push({ ours: await ask(), peer: await peer() });
    return compareCosts(what, "ms", FASTER_THAN_PYTHON, rounds);
  } finally {
    await session.close();
  }
}

/** Against what is allowed, both processes together: a ratio over 1 is time left. */
async function againstTheClock(node: ChainProcess, read: () => Promise<unknown>): Promise<BenchCase> {
  const rounds: Round[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const start = cpuMs(node.pid);
    for (let call = 0; call < CALLS_PER_ROUND; call++) await read();
    rounds.push({ ours: (cpuMs(node.pid) - start) / CALLS_PER_ROUND, peer: MOST_MS });
  }
  return compareCosts(`metagraph of ${NEURONS} neurons, limit: ${MOST_MS} ms`, "ms CPU", 1, rounds);
}

/** CPU time, because whoever else uses the machine must not count. Other systems than Linux tell only our own. */
function cpuMs(nodePid: number): number {
  const { user, system } = process.cpuUsage();
  const path = `/proc/${nodePid}/stat`;
  const fields = existsSync(path) ? readFileSync(path, "utf8").split(") ")[1]!.split(" ") : [];
  return (user + system) / 1_000 + (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * MS_PER_TICK;
}

async function timed(node: ChainProcess, read: () => Promise<{ neurons: unknown[] }>): Promise<number> {
  await node.call("dev_newBlock");
  const start = performance.now();
  const { neurons } = await read();
  const ms = performance.now() - start;
  if (neurons.length === NEURONS) return ms;
  throw new SubforgeError("BENCH_USAGE", { problem: `we saw ${neurons.length} of ${NEURONS} neurons` });
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
