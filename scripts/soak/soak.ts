import { readdirSync, readlinkSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { request } from "undici";
import { EXIT, SubforgeError } from "../../shared/errors.ts";
import { childrenOf, type MinerProcess, residentMiB, startMinerProcess } from "../miner-process.ts";
import { createOutput, endQuietlyWhenReaderLeaves, printError } from "../output.ts";
import { mixedLoad } from "./mixed-load.ts";
import { lows, slope } from "./slope.ts";

const DEFAULT_MINUTES = 10;
const SAMPLE_EVERY_MS = 2_000;
/** Share of the run in which compilers, tables and pools may still grow. */
const WARM_UP = 0.3;
/** Samples of which the lowest counts. */
const PER_LOW = 8;
/** What the heap may gain, MiB per minute. */
const MAX_HEAP_SLOPE = 1;
/** After the load has ended: connections of the chain, metrics and inference processes, as before it. */
const MAX_EXTRA_SOCKETS = 2;
const SETTLE_MS = 8_000;
const MIB = 2 ** 20;
const MS_PER_MINUTE = 60_000;

type Sample = { minute: number; heapMiB: number; rssMiB: number; sockets: number; children: number };

endQuietlyWhenReaderLeaves();
const json = process.argv.includes("--json");
try {
  process.exitCode = await main();
} catch (error) {
  process.exitCode = printError(error, { json, color: true, showStackTraces: false });
}

/** @returns 9 when memory grew, or something was left over. */
async function main(): Promise<number> {
  const minutes = parseMinutes();
  const miner = await startMinerProcess(["--protocols", "btauth/1,v10,epistula/2"]);
  try {
    const startedAt = performance.now();
    const before = await sample(miner, startedAt);
    const over = new AbortController();
    const load = mixedLoad(miner, over.signal);
    const samples: Sample[] = [];
    while (performance.now() - startedAt < minutes * MS_PER_MINUTE) {
      await delay(SAMPLE_EVERY_MS);
      samples.push(await sample(miner, startedAt));
      if (samples.length % 30 === 0) process.stderr.write(`${rowOf(samples.at(-1)!)}\n`);
    }
    over.abort();
    const tally = await load;
    await delay(SETTLE_MS);
    const after = await sample(miner, startedAt);
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
      ...(after.sockets <= before.sockets + MAX_EXTRA_SOCKETS
        ? []
        : [`${before.sockets} sockets became ${after.sockets}`]),
      ...(tally.answered > 0 ? [] : ["no honest question was answered"]),
      ...(miner.process.exitCode === null ? [] : ["the miner ended"]),
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
    await miner.close();
  }
}

async function sample({ process: { pid }, metricsUrl }: MinerProcess, startedAt: number): Promise<Sample> {
  const { body } = await request(metricsUrl);
  const heap = /^sf_memory_bytes\{kind="heap"\} (\S+)/m.exec(await body.text())?.[1];
  if (heap === undefined) throw new SubforgeError("INTERNAL", { what: "the metrics do not show the heap" });
  return {
    minute: (performance.now() - startedAt) / MS_PER_MINUTE,
    heapMiB: Number(heap) / MIB,
    rssMiB: residentMiB(pid!),
    sockets: socketsOf(pid!),
    children: childrenOf(pid!).length,
  };
}

/** Open sockets of a process; 0 where the system does not tell. */
function socketsOf(pid: number): number {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).filter((fd) => linkOf(`${folder}/${fd}`).startsWith("socket:")).length;
  } catch {
    return 0;
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ""; // closed meanwhile
  }
}

function rowOf({ minute, heapMiB, rssMiB, sockets, children }: Sample): string {
  const columns = [minute.toFixed(1), heapMiB.toFixed(1), String(rssMiB), String(sockets), String(children)];
  return columns.map((text, i) => text.padStart([6, 8, 7, 7, 9][i]!)).join("  ");
}

function parseMinutes(): number {
  try {
    const { values, positionals } = parseArgs({
      options: { json: { type: "boolean" }, minutes: { type: "string" } },
      allowPositionals: true,
    });
    if (positionals.join() !== "miner") throw new Error("name what to soak: miner");
    const minutes = Number(values.minutes ?? DEFAULT_MINUTES);
    if (!(minutes > 0 && minutes <= 1_440)) throw new Error("--minutes is above 0, up to 1440");
    return minutes;
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new SubforgeError("SOAK_USAGE", { problem }, { cause: error });
  }
}
