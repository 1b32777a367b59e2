import { randomInt } from "node:crypto";
import { setMaxListeners } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { EXIT, SubforgeError } from "../../shared/errors.ts";
import { createOutput, endQuietlyWhenReaderLeaves, printError } from "../output.ts";
import { type Crash, crashPlan } from "./crash-plan.ts";
import { CRASH_TEMPO, type CrashResult, playCrashes } from "./crash-points.ts";
import { playSchedule, type ScheduleResult, TEMPO } from "./play-schedule.ts";
import { AFFLICTION_KINDS, createSchedule, recoverySchedules, type Schedule } from "./schedule.ts";

const DEFAULT_EPOCHS = 10;
/** A scorer's process has to start twice within an epoch of 30 blocks, for each of the lanes, on two cores. */
const SCHEDULE_BLOCK_MS = 250;
const MAX_SEED = 2 ** 32;

/** Chain and miners live in this process: when it is kept waiting for longer, honest miners answer late. */
const MAX_LAG_MS = 1_000;

type Flags = {
  what: "crash-points" | "recovery" | "schedules";
  /** Subnets side by side: most of the time each of them waits for its next block. */
  lanes: number;
  /** Part of a crash point's name, or kinds of faults with commas between them. */
  only: string | undefined;
  schedules: number;
  /** Only this one of them. */
  schedule: number | undefined;
  seed: number;
  epochs: number;
  /** Milliseconds between blocks: more on a slow machine. */
  blockMs: number;
  /** Tell what happens in schedules as it happens. */
  verbose: boolean;
};

endQuietlyWhenReaderLeaves();
setMaxListeners(0);
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => process.exit(EXIT.interrupted));
const json = process.argv.includes("--json");
const output = createOutput({ json });
const lag = monitorEventLoopDelay({ resolution: 20 });
lag.enable();
try {
  process.exitCode = await main();
} catch (error) {
  process.exitCode = printError(error, { json, color: true, showStackTraces: false });
}
process.stdout.write("", () => process.exit());

/** As it happens: a run that is interrupted has told what it knows. With --json on stderr, where the outcome is not. */
function say(text: string): void {
  if (json) process.stderr.write(`${text}\n`);
  else output.line(text);
}

/** @returns 9 when a promise was broken. */
async function main(): Promise<number> {
  const flags = parseFlags();
  const folder = mkdtempSync(join(tmpdir(), "subforge-nemesis-"));
  try {
    if (flags.what === "crash-points") return await crashPoints(flags, folder);
    return await schedules(flags, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function crashPoints({ lanes, only, blockMs }: Flags, folder: string): Promise<number> {
  const plan = crashPlan().filter(({ point }) => only === undefined || point.includes(only));
  const startedAt = performance.now();
  const results: CrashResult[] = [];
  const waiting = inGroups(plan, lanes);
  const playOn = async (): Promise<void> => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const options = { folder: join(folder, String(waiting.length)), blockMs };
      await playCrashes(next, options, (result) => {
        results.push(result);
        say(crashRow(result));
      });
    }
  };
  await Promise.all(Array.from({ length: lanes }, playOn));
  const broken = results.filter(({ ok }) => !ok).length;
  const seconds = secondsSince(startedAt);
  const ok = broken === 0 && results.length === plan.length;
  output.result({ ok, seconds, lagMs: lagMs(), crashes: results.length, violations: broken, results }, [
    `${results.length} of ${plan.length} crashes in ${seconds} s, ${broken} with violations`,
    ...busyNote(),
  ]);
  return ok ? EXIT.ok : EXIT.check;
}

/** A subnet has one kind of weights; the kind that takes longest gets the most subnets. */
function inGroups(plan: readonly Crash[], lanes: number): Crash[][] {
  const methods = [...new Set(plan.map(({ method }) => method))];
  const groups = methods.map((method) => plan.filter((crash) => crash.method === method));
  while (groups.length < lanes) {
    const longest = groups.reduce((a, b) => (costOf(b) > costOf(a) ? b : a));
    if (longest.length < 2) break;
    groups.push(longest.splice(Math.ceil(longest.length / 2)));
  }
  return groups;
}

function costOf(group: readonly Crash[]): number {
  return group.length * (group[0] ? CRASH_TEMPO[group[0].method] : 0);
}

async function schedules(flags: Flags, folder: string): Promise<number> {
  const { seed, lanes, blockMs, verbose } = flags;
  say(`seed ${seed}`); // said first: a hang has one, too
  const startedAt = performance.now();
  const waiting = toPlay(flags);
  const count = waiting.length;
  const results: ScheduleResult[] = [];
  const playOn = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const tell = verbose ? (line: string) => say(`    ${next.seed} ${line}`) : undefined;
      const options = { folder: join(folder, next.seed.replaceAll("/", "-")), blockMs, tell };
      const result = await playSchedule(next, options);
      results.push(result);
      for (const line of scheduleRows(result, flags)) say(line);
    }
  };
  await Promise.all(Array.from({ length: lanes }, playOn));
  const broken = results.filter(({ ok }) => !ok).length;
  const recoveries = slowest(results);
  const ok = broken === 0 && results.length === count && recoveries.every(({ ms, limitMs }) => ms <= limitMs);
  const [owed, verified] = [sum(results, ({ owed }) => owed), sum(results, ({ verified }) => verified)];
  const seconds = secondsSince(startedAt);
  const document = {
    ok,
    seed,
    seconds,
    schedules: results.length,
    breaks: broken,
    owed,
    verified,
    recoveries,
    results,
  };
  output.result(document, [
    ...recoveries.map(({ kind, ms, limitMs, times }) => {
      const mark = ms <= limitMs ? "✓" : "✗";
      return `${mark} ${kind.padEnd(22)} work goes on after ${(ms / 1000).toFixed(1)} s at most (of ${limitMs / 1000}, ${times} times)`;
    }),
    `${results.length} of ${count} schedules in ${seconds} s, ${broken} with breaks; ${verified} vectors verified, ${owed} epochs owed one`,
    ...busyNote(),
  ]);
  return ok ? EXIT.ok : EXIT.check;
}

function toPlay({ what, only, seed, schedules: count, schedule, epochs, blockMs }: Flags): Schedule[] {
  const epochMs = blockMs * TEMPO;
  if (what === "recovery") return recoverySchedules(epochMs);
  const numbers = schedule === undefined ? Array.from({ length: count }, (_, index) => index) : [schedule];
  const kinds = AFFLICTION_KINDS.filter((kind) => only === undefined || only.split(",").includes(kind));
  if (kinds.length === 0) {
    throw new SubforgeError("NEMESIS_USAGE", { problem: `--only is some of ${AFFLICTION_KINDS.join(", ")}` });
  }
  return numbers.map((number) => createSchedule(`${seed}/${number}`, epochs, epochMs, kinds));
}

function scheduleRows(
  { seed, ok, strikes, problems, verified, owed, stoodStill }: ScheduleResult,
  { epochs, only, blockMs }: Flags,
): string[] {
  const [run, number] = seed.split("/");
  const which = only === undefined ? "" : ` --only ${only}`;
  const again = `again: npm run nemesis -- --seed ${run} --schedule ${number} --epochs ${epochs} --block-ms ${blockMs}${which}`;
  return [
    `${ok ? "✓" : "✗"} ${seed.padEnd(16)} ${verified} verified, ${owed} owed: ${strikes.join(", ")}`,
    ...problems.map((problem) => `    ${problem}`),
    ...(stoodStill > 0 ? [`    the chain itself stood still ${stoodStill} times: this machine is busy`] : []),
    ...(ok || number === undefined ? [] : [`    ${again}`]),
  ];
}

/** The longest time of each kind. */
function slowest(
  results: readonly ScheduleResult[],
): { kind: string; ms: number; limitMs: number; times: number }[] {
  const all = results.flatMap(({ recoveries }) => recoveries);
  return [...new Set(all.map(({ kind }) => kind))].sort().map((kind) => {
    const of = all.filter((recovery) => recovery.kind === kind);
    return { kind, ms: Math.max(...of.map(({ ms }) => ms)), limitMs: of[0]!.limitMs, times: of.length };
  });
}

function crashRow({ ok, point, nth, who, method, reachedMs, recoveredMs, problems }: CrashResult): string {
  const columns = [ok ? "✓" : "✗", `${point}:${nth}`.padEnd(28), who.padEnd(8), method.padEnd(9)];
  const times = `died after ${(reachedMs / 1000).toFixed(1)} s, verified ${(recoveredMs / 1000).toFixed(1)} s after its return`;
  return [`${columns.join(" ")} ${times}`, ...problems.map((problem) => `    ${problem}`)].join("\n");
}

function parseFlags(): Flags {
  try {
    const text = { type: "string" } as const;
    const options = {
      lanes: text,
      only: text,
      schedules: text,
      schedule: text,
      seed: text,
      epochs: text,
      "block-ms": text,
    };
    const { values, positionals } = parseArgs({
      options: { json: { type: "boolean" }, verbose: { type: "boolean" }, ...options },
      allowPositionals: true,
    });
    const [word] = positionals;
    const isCrash = word === "crash-points";
    const isSchedules = word === undefined && (values.schedules ?? values.schedule) !== undefined;
    if (!isCrash && word !== "recovery" && !isSchedules) {
      throw new Error("name what to do: crash-points, recovery, or --schedules N");
    }
    return {
      what: isCrash ? "crash-points" : isSchedules ? "schedules" : "recovery",
      lanes: whole("lanes", values.lanes, isCrash ? 5 : isSchedules ? 2 : 3, 1, 32),
      only: values.only,
      schedules: whole("schedules", values.schedules, 1, 1, 100_000),
      schedule: values.schedule === undefined ? undefined : whole("schedule", values.schedule, 0, 0, 100_000),
      seed: whole("seed", values.seed, randomInt(MAX_SEED), 0, MAX_SEED),
      blockMs: whole("block-ms", values["block-ms"], isSchedules ? SCHEDULE_BLOCK_MS : 200, 20, 60_000),
      verbose: values.verbose === true,
      epochs: whole("epochs", values.epochs, DEFAULT_EPOCHS, 1, 10_000),
    };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new SubforgeError("NEMESIS_USAGE", { problem }, { cause: error });
  }
}

function whole(name: string, text: string | undefined, fallback: number, from: number, to: number): number {
  const value = Number(text ?? fallback);
  if (Number.isInteger(value) && value >= from && value <= to) return value;
  throw new Error(`--${name} is ${from} to ${to}`);
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

function secondsSince(startedAt: number): number {
  return Math.round((performance.now() - startedAt) / 1000);
}

function lagMs(): number {
  return Math.round(lag.max / 1e6);
}

function busyNote(): string[] {
  if (lagMs() <= MAX_LAG_MS) return [];
  const seconds = (lagMs() / 1000).toFixed(1);
  return [
    `this machine kept the miners waiting for up to ${seconds} s: judge late answers on an idle one, or with --block-ms`,
  ];
}
