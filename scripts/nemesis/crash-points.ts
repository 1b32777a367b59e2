import type { WeightsMethod } from "../../shared/chain/commit-reveal.ts";
import { minerKeys } from "../dev/dev-subnet.ts";
import { checkHistory } from "./check-history.ts";
import type { Crash } from "./crash-plan.ts";
import { TestSubnet } from "./test-subnet.ts";
import type { ValidatorChild } from "./validator-child.ts";

const HONEST = 3;
const BLOCK_MS = 150;
/** Blocks per epoch. A timelock needs a round of the beacon, three seconds, between commit and reveal. */
const TEMPO = { plain: 24, hash: 24, timelock: 50 } as const satisfies Record<WeightsMethod, number>;
/** Verified vectors of epochs after the crash that show that everything goes on. */
const EPOCHS_AFTER = 2;
/** A point that is not reached by then is not where it was thought to be. */
const REACH_MS = 60_000;
const RECOVER_MS = 60_000;

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
 * @param onResult - Is told of each as it ends.
 */
export async function playCrashes(
  crashes: readonly Crash[],
  folder: string,
  onResult: (result: CrashResult) => void,
): Promise<void> {
  const { method } = crashes[0]!;
  const subnet = await TestSubnet.start({
    ...{ folder, method, blockMs: BLOCK_MS, tempo: TEMPO[method], honest: HONEST },
  });
  try {
    let known = 0;
    for (const [index, crash] of crashes.entries()) {
      // In the middle of it all, a uid changes hands.
      if (index === Math.floor(crashes.length / 2)) await subnet.replaceFirst(minerKeys(HONEST + 2));
      const result = await playCrash(crash, subnet);
      const violations = checkHistory(subnet.history()).map(({ promise, what }) => `${promise}: ${what}`);
      const fresh = violations.slice(known);
      known = violations.length;
      const problems = [...result.problems, ...fresh];
      onResult({ ...result, problems, ok: problems.length === 0 });
    }
  } finally {
    await subnet.close();
  }
}

async function playCrash(crash: Crash, subnet: TestSubnet): Promise<Omit<CrashResult, "ok">> {
  if (crash.fresh) subnet.newJournal();
  const problems: string[] = [];
  const variables = {
    SUBFORGE_FAIL_POINT: `${crash.point}:${crash.nth}`,
    SUBFORGE_FAIL_POINTS_ALLOWED: "yes",
  };
  const isPlanner = crash.who === "planner";
  const flags = ["--workers", "0"];
  const fault = crash.refused ? subnet.node.faults.set({ kind: "pool", code: 1010, custom: 0 }) : undefined;

  const startedAt = performance.now();
  const planner = subnet.runValidator(flags, isPlanner ? variables : {});
  let worker = subnet.runWorker(isPlanner ? {} : variables);
  const how = await within((isPlanner ? planner : worker).ended, REACH_MS);
  const reachedMs = Math.round(performance.now() - startedAt);
  if (fault !== undefined) subnet.node.faults.clear(fault);
  if (how !== "SIGKILL")
    problems.push(how === undefined ? "was never reached" : `ended with ${how}: ${planner.said}`);
  const died = subnet.epoch;

  // Only who died is started again: the other one has to get over it.
  const again = isPlanner ? await restarted(planner, () => subnet.runValidator(flags)) : planner;
  if (!isPlanner) worker = await restarted(worker, () => subnet.runWorker());
  const restartedAt = performance.now();
  let recoveredMs = Number.NaN;
  const over = AbortSignal.timeout(RECOVER_MS);
  for (let epoch = died, seen = 0; seen < EPOCHS_AFTER; seen++) {
    const verified = await again.next("weights.verified", over, (event) => event.epoch > epoch);
    if (!verified) {
      problems.push(`only ${seen} of ${EPOCHS_AFTER} later epochs were verified; ${again.said}`);
      break;
    }
    if (seen === 0) recoveredMs = Math.round(performance.now() - restartedAt);
    epoch = verified.epoch;
  }
  await Promise.all([stop(again, "planner", problems), stop(worker, "worker", problems)]);
  return { ...crash, problems, reachedMs, recoveredMs };
}

async function restarted(child: ValidatorChild, start: () => ValidatorChild): Promise<ValidatorChild> {
  if (child.isRunning) await child.kill();
  return start();
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
