import { join } from "node:path";
import { isSubforgeError, SubforgeError } from "../../shared/errors.ts";
import { keysReady } from "../../shared/keys/keypair.ts";
import { packageRoot, processEntry } from "../../shared/process-entry.ts";
import { pythonEnv } from "../interop/python-env.ts";
import { type BenchCase, compareCosts, type Round } from "./bench-case.ts";
import { type BenchPart, startPart } from "./bench-part.ts";
import { neuronKey } from "./full-subnet.ts";
import { SWEEP_NEURONS, sweepKey, VALIDATOR_UID } from "./sweep-subnet.ts";
import { sweepTemplate } from "./sweep-template.ts";
import { type AxonParts, type SweepRound, SweepWorld } from "./sweep-world.ts";

const ROUNDS = 5;
/** Of the rounds in which a third of the miners is bad: each takes as long as a question may. */
const BAD_ROUNDS = 3;
/** Questions to everybody in one measurement, enough for hundredths of a second of CPU time to say something. */
const SWEEPS = 8;
/** Their dendrite describes its class anew for every header of every question: one sweep takes it many seconds. */
const PYTHON_SWEEPS = 1;
const PYTHON_ROUNDS = 3;

/** What the round of a full subnet may take, ms; and how late after the deadline it may end with bad miners. */
const ROUND_MS = 1_500;
const LATE_MS = 200;
const LAG_MS = 20;
const WORKER_RSS_MB = 300;

/** What it takes to ask a full subnet, and against the Dendrite of SDK 10 asking the same axons. */
export async function benchSweep(): Promise<BenchCase[]> {
  await keysReady();
  const half = SWEEP_NEURONS / 2;
  const caller = sweepKey(VALIDATOR_UID).address;
  const axons = [await startAxons(0, half, caller), await startAxons(half, SWEEP_NEURONS, caller)] as const;
  try {
    return [...(await benchRounds(axons)), ...(await benchDendrites(axons))];
  } finally {
    await Promise.all(axons.map((part) => part.stop()));
  }
}

async function benchRounds(axons: AxonParts): Promise<BenchCase[]> {
  const world = await SweepWorld.open(axons);
  try {
    await world.round(); // compilers, connections
    const good: SweepRound[] = [];
    for (let round = 0; round < ROUNDS; round++) good.push(await world.round());
    await world.goBad();
    const bad: SweepRound[] = [];
    for (let round = 0; round < BAD_ROUNDS; round++) bad.push(await world.round());
    const limit = (peer: number, of: (round: SweepRound) => number, rounds = good): Round[] =>
      rounds.map((round) => ({ ours: of(round), peer }));
    const { timeoutMs } = sweepTemplate.synapses.ask!;
    const asked = SWEEP_NEURONS - 1;
    const all = [...good, ...bad];
    return [
      compareCosts(
        `(a) plan, ask ${asked} miners, score; peer: its limit`,
        "ms",
        1,
        limit(ROUND_MS, ({ roundMs }) => roundMs),
      ),
      compareCosts(
        "(b) 30 % silent, 5 % dripping: after the deadline; peer: its limit",
        ...(["ms", 1] as const),
        limit(LATE_MS, ({ askedMs }) => Math.max(1, askedMs - timeoutMs), bad),
      ),
      compareCosts(
        "(c) p99 of a worker's loop lag; peer: its limit",
        "ms",
        1,
        limit(LAG_MS, (r) => r.workerLagMs, all),
      ),
      compareCosts(
        "(c) p99 of the planner's; peer: its limit",
        "ms",
        1,
        limit(LAG_MS, (r) => r.plannerLagMs, all),
      ),
      compareCosts(
        "(d) memory of a worker; peer: its limit",
        "MB",
        1,
        limit(WORKER_RSS_MB, (r) => r.workerRssMb, all),
      ),
    ];
  } finally {
    await world.close();
  }
}

type Client = { part: BenchPart<unknown>; sweeps: number };

async function benchDendrites(axons: AxonParts): Promise<BenchCase[]> {
  const ports = axons.flatMap((part) => part.ready.ports);
  const targets = JSON.stringify(ports.map((port, uid) => [sweepKey(uid).address, port]));
  const clients: Client[] = [];
  try {
    const python = await startPython(targets);
    if (!python) return [];
    clients.push({ part: python, sweeps: PYTHON_SWEEPS });
    for (const protocol of ["v10", "btauth/1"]) {
      clients.push({
        part: await startOurs("dendrite", neuronKey(VALIDATOR_UID), protocol, targets),
        sweeps: SWEEPS,
      });
    }
    for (const client of clients) await costOf(client); // compilers, connections
    const rounds: { v10: Round[]; btauth: Round[] } = { v10: [], btauth: [] };
    for (let round = 0; round < PYTHON_ROUNDS; round++) {
      const [peer, v10, btauth] = [
        await costOf(clients[0]!),
        await costOf(clients[1]!),
        await costOf(clients[2]!),
      ];
      rounds.v10.push({ ours: v10, peer });
      rounds.btauth.push({ ours: btauth, peer });
    }
    return [
      compareCosts(
        `(e) ask ${ports.length} axons in v10, peer: Python 10.2 dendrite`,
        "ms CPU",
        5,
        rounds.v10,
      ),
      compareCosts("(e) ours in btauth/1, with signed replies, peer: the same", "ms CPU", 5, rounds.btauth),
    ];
  } finally {
    await Promise.all(clients.map(({ part }) => part.stop()));
  }
}

/** @returns Milliseconds of the client's CPU per answered question. */
async function costOf({ part, sweeps }: Client): Promise<number> {
  const before = part.cpuMs();
  part.say(`${sweeps}\n`);
  const { answered } = JSON.parse(await part.nextLine()) as { answered: number };
  const asked = sweeps * SWEEP_NEURONS;
  if (answered === asked) return (part.cpuMs() - before) / answered;
  throw new SubforgeError("BENCH_USAGE", {
    problem: `${asked - answered} of ${asked} questions were not answered`,
  });
}

function startAxons(first: number, last: number, caller: string): Promise<AxonParts[number]> {
  return startOurs("axons", String(first), String(last), caller) as Promise<AxonParts[number]>;
}

function startOurs(...words: string[]): Promise<BenchPart<unknown>> {
  return startPart([process.execPath, processEntry("bench-sweep"), ...words]);
}

/** @returns undefined, and says so, where the SDK cannot be installed. */
async function startPython(targets: string): Promise<BenchPart<unknown> | undefined> {
  const onProgress = (line: string) => process.stderr.write(`${line}\n`);
  try {
    const { python } = await pythonEnv("sdk10", { onProgress });
    return await startPart([
      python,
      join(packageRoot(), "scripts", "bench", "sweep10.py"),
      neuronKey(VALIDATOR_UID),
      targets,
    ]);
  } catch (error) {
    if (!isSubforgeError(error, "PYTHON_MISSING") && !isSubforgeError(error, "PYTHON_PACKAGES")) throw error;
    onProgress(`skipped: (e), the dendrite of Python: ${error.message}`);
    return undefined;
  }
}
