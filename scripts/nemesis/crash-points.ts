import type { WeightsMethod } from "../../shared/chain/commit-reveal.ts";
import { SubforgeError } from "../../shared/errors.ts";
import { minerKeys } from "../dev/dev-subnet.ts";
import { checkHistory } from "./check-history.ts";
import type { Crash } from "./crash-plan.ts";
import { TestSubnet } from "./test-subnet.ts";
import type { ValidatorChild } from "./validator-child.ts";

const HONEST = 3;
/** Blocks per epoch. A timelock needs a round of the beacon, three seconds, between commit and reveal. */
export const CRASH_TEMPO = { plain: 24, hash: 24, timelock: 50 } as const satisfies Record<
  WeightsMethod,
  number
>;
/** A point that is not reached in so many epochs is not where it was thought to be; nor has a validator recovered then. */
const PATIENCE_EPOCHS = 12;
const START_MS = 15_000;

export type CrashResult = Crash & {
  ok: boolean;
  /** Empty when all is well. */
  problems: string[];
  /** From when it was told to die to its death, and from the next start to the first verified vector of a later epoch. */
  reachedMs: number;
  recoveredMs: number;
};

/**
 * Dies at each of these points, one after the other, on one subnet: starts again, goes on to the verified vector of a later
 * epoch, and looks at everything that is known then. Who came back is the one that dies next.
 *
 * @param crashes - Of one method.
 * @param options.blockMs - Of the chain: short where the machine is quick enough for it.
 * @param onResult - Is told of each as it ends.
 */
export async function playCrashes(
  crashes: readonly Crash[],
  { folder, blockMs }: { folder: string; blockMs: number },
  onResult: (result: CrashResult) => void,
): Promise<void> {
  const { method } = crashes[0]!;
  const subnet = await TestSubnet.start({
    ...{ folder, method, blockMs, tempo: CRASH_TEMPO[method], honest: HONEST },
  });
  try {
    const patienceMs = START_MS + PATIENCE_EPOCHS * blockMs * CRASH_TEMPO[method];
    const known = new Set<string>();
    const processes: Processes = { worker: subnet.runWorker() };
    for (const [index, crash] of crashes.entries()) {
      // In the middle of it all, a uid changes hands.
      if (index === Math.floor(crashes.length / 2)) await subnet.replaceFirst(minerKeys(HONEST + 2));
      const watch: Watch = { problems: [], patienceMs };
      const { problems } = watch;
      const next = crashes.slice(index).find(isLater);
      const times =
        crash.who === "planner"
          ? await crashPlanner(crash, crashes.slice(index + 1).find(isLater), subnet, processes, watch)
          : await crashWorker(crash, next, subnet, processes, watch);
      if (!processes.worker.isRunning) problems.push(`the worker ended: ${processes.worker.said}`);
      problems.push(...checkNow(subnet, known));
      onResult({ ...crash, problems, ok: problems.length === 0, ...times });
    }
    const last: string[] = [];
    if (processes.planner) await stop(processes.planner.child, "planner", last);
    await stop(processes.worker, "worker", last);
    last.push(...checkNow(subnet, known));
    if (last.length > 0) throw new SubforgeError("INTERNAL", { what: last.join() });
  } finally {
    await subnet.close();
  }
}

/** @returns What was not known before. */
function checkNow(subnet: TestSubnet, known: Set<string>): string[] {
  const found = checkHistory(subnet.history()).map(({ promise, what }) => `${promise}: ${what}`);
  const fresh = found.filter((violation) => !known.has(violation));
  for (const violation of fresh) known.add(violation);
  return fresh;
}

/** Who runs at the moment. The planner waits for a signal before it dies at `armed`. */
type Processes = {
  worker: ValidatorChild;
  planner?: { child: ValidatorChild; armed: Crash | undefined; staged: boolean };
};

/** Where problems are noted, and how long each step may take. */
type Watch = { problems: string[]; patienceMs: number };

type Times = { reachedMs: number; recoveredMs: number };

const FLAGS = ["--workers", "0"];

function isLater({ who, atStart }: Crash): boolean {
  return who === "planner" && !atStart;
}

async function crashPlanner(
  crash: Crash,
  next: Crash | undefined,
  subnet: TestSubnet,
  processes: Processes,
  watch: Watch,
): Promise<Times> {
  const fault = crash.refused ? subnet.node.faults.set({ kind: "pool", code: 1010, custom: 0 }) : undefined;
  const reachedMs = crash.atStart
    ? await dieAtStart(crash, subnet, processes, watch)
    : await dieLater(crash, subnet, processes, watch);
  if (fault !== undefined) subnet.node.faults.clear(fault);
  // The lease of the dead lasts for seconds: waited for once, and taken away from then on.
  if (crash.point !== "lease.take.after") await subnet.freeLease();
  const diedIn = subnet.epoch;
  startPlanner(next, crash.staged, subnet, processes);
  return { reachedMs, recoveredMs: await untilRecovered(processes.planner!.child, diedIn, watch) };
}

async function dieAtStart(
  crash: Crash,
  subnet: TestSubnet,
  processes: Processes,
  watch: Watch,
): Promise<number> {
  if (processes.planner) await stop(processes.planner.child, "planner", watch.problems);
  if (crash.fresh) subnet.newJournal();
  return untilDead(subnet.runValidator(FLAGS, armed(crash)), watch);
}

async function dieLater(
  crash: Crash,
  subnet: TestSubnet,
  processes: Processes,
  watch: Watch,
): Promise<number> {
  if (processes.planner?.armed !== crash || processes.planner.staged !== crash.staged) {
    if (processes.planner) await stop(processes.planner.child, "planner", watch.problems);
    startPlanner(crash, crash.staged, subnet, processes);
    await untilRecovered(processes.planner!.child, subnet.epoch, watch);
  }
  const { child } = processes.planner!;
  child.process.kill("SIGUSR2");
  return untilDead(child, watch);
}

function startPlanner(
  next: Crash | undefined,
  staged: boolean,
  subnet: TestSubnet,
  processes: Processes,
): void {
  const variables = next ? armed(next, "@later") : {};
  const child = staged ? subnet.runStagedValidator(variables) : subnet.runValidator(FLAGS, variables);
  processes.planner = { child, armed: next, staged };
}

/** The planner gets over it by itself. */
async function crashWorker(
  crash: Crash,
  next: Crash | undefined,
  subnet: TestSubnet,
  processes: Processes,
  watch: Watch,
): Promise<Times> {
  if (!processes.planner) startPlanner(next, false, subnet, processes);
  await processes.worker.kill();
  const reachedMs = await untilDead(subnet.runWorker(armed(crash)), watch);
  processes.worker = subnet.runWorker();
  return { reachedMs, recoveredMs: await untilRecovered(processes.planner!.child, subnet.epoch, watch) };
}

function armed({ point, nth }: Crash, when: "@later" | "" = ""): Record<string, string> {
  return { SUBFORGE_FAIL_POINT: `${point}:${nth}${when}`, SUBFORGE_FAIL_POINTS_ALLOWED: "yes" };
}

async function untilDead(child: ValidatorChild, { problems, patienceMs }: Watch): Promise<number> {
  const startedAt = performance.now();
  const how = await within(child.ended, patienceMs);
  if (how === undefined) {
    problems.push("was never reached");
    await child.kill();
  } else if (how !== "SIGKILL") problems.push(`ended with ${how}: ${child.said}`);
  return Math.round(performance.now() - startedAt);
}

/** @returns Milliseconds until the first verified vector of a later epoch. */
async function untilRecovered(
  planner: ValidatorChild,
  diedIn: number,
  { problems, patienceMs }: Watch,
): Promise<number> {
  const startedAt = performance.now();
  const over = AbortSignal.timeout(patienceMs);
  const verified = await planner.next("weights.verified", over, ({ epoch }) => epoch > diedIn);
  if (verified) return Math.round(performance.now() - startedAt);
  problems.push(`no later epoch was verified; ${planner.said}`);
  return Number.NaN;
}

/** P14: it ends by itself, within ten seconds, and says that all is well. */
async function stop(child: ValidatorChild, name: string, problems: string[]): Promise<void> {
  if (!child.isRunning) return void problems.push(`the ${name} had ended: ${child.said}`);
  child.process.kill("SIGTERM");
  const how = await within(child.ended, 12_000);
  if (how !== 0) problems.push(`the ${name} ended with ${how} when it was told to stop: ${child.said}`);
  if (how === undefined) await child.kill();
}

async function within<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
