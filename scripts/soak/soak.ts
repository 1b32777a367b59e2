import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { EXIT, SubforgeError } from "../../shared/errors.ts";
import { createOutput, endQuietlyWhenReaderLeaves, printError } from "../output.ts";
import { minerSubject } from "./miner-subject.ts";
import { sampleProcess } from "./process-sample.ts";
import { lows, slope } from "./slope.ts";
import type { Sample, SoakSubject } from "./soak-subject.ts";
import { validatorSubject } from "./validator-subject.ts";

const DEFAULT_MINUTES = 10;
const SAMPLE_EVERY_MS = 2_000;
/** Share of the run in which compilers, tables and pools may still grow. */
const WARM_UP = 0.3;
/** Samples of which the lowest counts. */
const PER_LOW = 8;
/** What the heap may gain, MiB per minute. */
const MAX_HEAP_SLOPE = 1;
/** After the load has ended: connections of the chain, metrics and child processes, as before it. */
const MAX_EXTRA_SOCKETS = 2;
/** What is left over stays; a process that comes and goes is seen gone within this. */
const SETTLE_MS = 30_000;
const MS_PER_MINUTE = 60_000;

const SUBJECTS = { miner: minerSubject, validator: validatorSubject } as const;
const SUBJECT_NAMES = Object.keys(SUBJECTS).join(" or ");

endQuietlyWhenReaderLeaves();
const json = process.argv.includes("--json");
try {
  process.exitCode = await main();
} catch (error) {
  process.exitCode = printError(error, { json, color: true, showStackTraces: false });
}

/** @returns 9 when memory grew, something was left over, or the subject broke a promise of its own. */
async function main(): Promise<number> {
  const { minutes, start } = parseWords();
  const subject = await start();
  try {
    const startedAt = performance.now();
    const before = await sampleProcess(subject.process, startedAt);
    const over = new AbortController();
    const load = subject.load(over.signal);
    const samples: Sample[] = [];
    while (performance.now() - startedAt < minutes * MS_PER_MINUTE) {
      await delay(SAMPLE_EVERY_MS);
      if (samples.length % PER_LOW === 0) await subject.tidy();
      samples.push(await sampleProcess(subject.process, startedAt));
      if (samples.length % 30 === 0) process.stderr.write(`${rowOf(samples.at(-1)!)}\n`);
    }
    over.abort();
    const tally = await load;
    const after = await settled(subject, startedAt, before);
    const warm = samples.slice(Math.floor(samples.length * WARM_UP));
    const rise = (of: (one: Sample) => number) =>
      slope(
        lows(
          warm.map((one) => ({ x: one.minute, y: of(one) })),
          PER_LOW,
        ),
      );
    const heapSlope = rise(({ heapMiB }) => heapMiB);
    const rssSlope = rise(({ rssMiB }) => rssMiB);
    const broken = [
      ...(heapSlope < MAX_HEAP_SLOPE ? [] : [`the heap gains ${heapSlope.toFixed(2)} MiB a minute`]),
      ...(after.children === before.children
        ? []
        : [`${before.children} processes became ${after.children}`]),
      ...(hasNoMoreSockets(after, before) ? [] : [`${before.sockets} sockets became ${after.sockets}`]),
      ...subject.broken(tally),
    ];
    createOutput({ json }).result(
      { ok: broken.length === 0, minutes, heapSlope, rssSlope, before, after, load: tally, broken },
      [
        "minute  heap MiB  RSS MiB  sockets  processes",
        ...[before, ...samples.filter((_, i) => i % Math.ceil(samples.length / 10) === 0), after].map(rowOf),
        `slope after ${WARM_UP * 100} % of the time, lows only: heap ${heapSlope.toFixed(2)} (may be ${MAX_HEAP_SLOPE}), RSS ${rssSlope.toFixed(2)} MiB a minute`,
        `load: ${Object.entries(tally)
          .map(([kind, times]) => `${kind} ${times}`)
          .join(", ")}`,
        ...broken.map((problem) => `✗ ${problem}`),
      ],
    );
    return broken.length === 0 ? EXIT.ok : EXIT.check;
  } finally {
    await subject.close();
  }
}

/** The first sample with no more processes and sockets than before, or the last one. */
async function settled(subject: SoakSubject, startedAt: number, before: Sample): Promise<Sample> {
  const untilMs = performance.now() + SETTLE_MS;
  for (;;) {
    await delay(SAMPLE_EVERY_MS);
    const sample = await sampleProcess(subject.process, startedAt);
    const isSettled = sample.children === before.children && hasNoMoreSockets(sample, before);
    if (isSettled || performance.now() > untilMs) return sample;
  }
}

function hasNoMoreSockets(after: Sample, before: Sample): boolean {
  return after.sockets <= before.sockets + MAX_EXTRA_SOCKETS;
}

function rowOf({ minute, heapMiB, rssMiB, sockets, children }: Sample): string {
  const columns = [minute.toFixed(1), heapMiB.toFixed(1), String(rssMiB), String(sockets), String(children)];
  return columns.map((text, i) => text.padStart([6, 8, 7, 7, 9][i]!)).join("  ");
}

function parseWords(): { minutes: number; start: () => Promise<SoakSubject> } {
  try {
    const { values, positionals } = parseArgs({
      options: { json: { type: "boolean" }, minutes: { type: "string" } },
      allowPositionals: true,
    });
    const name = positionals.join();
    if (!Object.hasOwn(SUBJECTS, name)) throw new Error(`name what to soak: ${SUBJECT_NAMES}`);
    const minutes = Number(values.minutes ?? DEFAULT_MINUTES);
    if (!(minutes > 0 && minutes <= 1_440)) throw new Error("--minutes is above 0, up to 1440");
    return { minutes, start: SUBJECTS[name as keyof typeof SUBJECTS] };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new SubforgeError("SOAK_USAGE", { problem }, { cause: error });
  }
}
