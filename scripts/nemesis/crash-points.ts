import type { WeightsMethod } from "../../shared/chain/commit-reveal.ts";
import { SubforgeError } from "../../shared/errors.ts";
import { minerKeys } from "../dev/dev-subnet.ts";
import { checkHistory } from "./check-history.ts";
import type { Crash } from "./crash-plan.ts";
import { TestSubnet } from "./test-subnet.ts";
import type { ValidatorChild } from "./validator-child.ts";

const HONEST = 3;
/** Blocks per epoch. A timelock needs a round of the beacon, three seconds, between commit and reveal. */
const TEMPO = { plain: 24, hash: 24, timelock: 50 } as const satisfies Record<WeightsMethod, number>;
/** Verified vectors of epochs after the crash that show that everything goes on. */
const EPOCHS_AFTER = 2;
/** A point that is not reached in so many epochs is not where it was thought to be; nor has a validator recovered then. */
const PATIENCE_EPOCHS = 12;
const START_MS = 15_000;

export type CrashResult = Crash & {
  ok: boolean;
  /** Empty when all is well. */
  problems: string[];
  /** From the start of the process to its death, and from the next start to the first verified vector of a later epoch. */
  reachedMs: number;
  recoveredMs: number;
};

/**
 * Dies at each of these points, one after the other, on one subnet: starts again, goes on for two epochs, and looks
 * at everything that is known then.
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
    ...{ folder, method, blockMs, tempo: TEMPO[method], honest: HONEST },
  });
  try {
    const patienceMs = START_MS + PATIENCE_EPOCHS * blockMs * TEMPO[method];
    let known = 0;
    let worker = subnet.runWorker(); // stays, where it is not the one that dies
    for (const [index, crash] of crashes.entries()) {
      // In the middle of it all, a uid changes hands.
      if (index === Math.floor(crashes.length / 2)) await subnet.replaceFirst(minerKeys(HONEST + 2));
      if (crash.fresh) subnet.newJournal();
      const problems: string[] = [];
      const times =
        crash.who === "planner"
          ? await crashPlanner(crash, subnet, { problems, patienceMs })
          : await crashWorker(crash, subnet, { problems, patienceMs }, worker);
      worker = times.worker ?? worker;
      if (!worker.isRunning) problems.push(`the worker ended: ${worker.said}`);
      const violations = checkHistory(subnet.history()).map(({ promise, what }) => `${promise}: ${what}`);
      problems.push(...violations.slice(known));
      known = violations.length;
      const { reachedMs, recoveredMs } = times;
      onResult({ ...crash, problems, ok: problems.length === 0, reachedMs, recoveredMs });
    }
    const last: string[] = [];
    await stop(worker, "worker", last);
    if (last.length > 0) throw new SubforgeError("INTERNAL", { what: last.join() });
  } finally {
    await subnet.close();
  }
}

/** Where problems are noted, and how long each step may take. */
type Watch = { problems: string[]; patienceMs: number };

type Times = { reachedMs: number; recoveredMs: number; worker?: ValidatorChild };

const FLAGS = ["--workers", "0"];

async function crashPlanner(crash: Crash, subnet: TestSubnet, watch: Watch): Promise<Times> {
  const fault = crash.refused ? subnet.node.faults.set({ kind: "pool", code: 1010, custom: 0 }) : undefined;
  const planner = subnet.runValidator(FLAGS, armed(crash));
  const reachedMs = await untilDead(planner, watch);
  if (fault !== undefined) subnet.node.faults.clear(fault);
  const again = subnet.runValidator(FLAGS);
  const recoveredMs = await untilRecovered(again, subnet.epoch, watch);
  await stop(again, "planner", watch.problems);
  return { reachedMs, recoveredMs };
}

/** The planner gets over it by itself. */
async function crashWorker(
  crash: Crash,
  subnet: TestSubnet,
  watch: Watch,
  idle: ValidatorChild,
): Promise<Times> {
  await idle.kill();
  const planner = subnet.runValidator(FLAGS);
  const reachedMs = await untilDead(subnet.runWorker(armed(crash)), watch);
  const worker = subnet.runWorker();
  const recoveredMs = await untilRecovered(planner, subnet.epoch, watch);
  await stop(planner, "planner", watch.problems);
  return { reachedMs, recoveredMs, worker };
}

function armed({ point, nth }: Crash): Record<string, string> {
  return { SUBFORGE_FAIL_POINT: `${point}:${nth}`, SUBFORGE_FAIL_POINTS_ALLOWED: "yes" };
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
  let recoveredMs = Number.NaN;
  for (let epoch = diedIn, seen = 0; seen < EPOCHS_AFTER; seen++) {
    const verified = await planner.next("weights.verified", over, (event) => event.epoch > epoch);
    if (!verified) {
      problems.push(`only ${seen} of ${EPOCHS_AFTER} later epochs were verified; ${planner.said}`);
      break;
    }
    if (seen === 0) recoveredMs = Math.round(performance.now() - startedAt);
    epoch = verified.epoch;
  }
  return recoveredMs;
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
