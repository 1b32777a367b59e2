import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { EXIT, SubforgeError } from "../../shared/errors.ts";
import { keysReady } from "../../shared/keys/keypair.ts";
import { type ChainProcess, startChainProcess } from "../bench/chain-process.ts";
import { createOutput, endQuietlyWhenReaderLeaves, printError } from "../output.ts";
import { fuzzNode } from "./fuzz-node.ts";

const DEFAULT_COUNT = 100_000;
/** Memory is looked at after so many messages and again at the end. */
const WARM_PART = 0.2;
/** What caches and kept blocks may still take after that, MiB. */
const MAX_GROWTH_MIB = 128;
const MIB = 1024;

endQuietlyWhenReaderLeaves();
const json = process.argv.includes("--json");
try {
  process.exitCode = await main();
} catch (error) {
  process.exitCode = printError(error, { json, color: true, showStackTraces: false });
}

/** @returns 9 when something was found. */
async function main(): Promise<number> {
  const { seed, count } = parseFlags();
  process.stderr.write(`seed ${seed}\n`); // said first: a hang has one, too
  await keysReady();
  const chain = await startChainProcess();
  try {
    const startedAt = performance.now();
    const memoryMiB = { start: residentMiB(chain), warm: 0, end: 0 };
    const report = await fuzzNode({
      ...{ endpoint: chain.endpoint, seed, count },
      onProgress: (sent) => {
        if (memoryMiB.warm === 0 && sent >= count * WARM_PART) memoryMiB.warm = residentMiB(chain);
        if (sent % 10_000 === 0) process.stderr.write(`${sent} of ${count}\n`);
      },
    });
    memoryMiB.end = residentMiB(chain);
    const isFlat = memoryMiB.end - (memoryMiB.warm || memoryMiB.start) <= MAX_GROWTH_MIB;
    const ok = report.findings.length === 0 && isFlat;
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    const answers = Object.entries(report.answers).sort(([, a], [, b]) => b - a);
    createOutput({ json }).result({ ok, seed, count, seconds, memoryMiB, isFlat, ...report }, [
      `seed ${seed}: ${report.sent} messages in ${seconds} s, answered by ${answers.map(([kind, times]) => `${kind} ${times}`).join(", ")}`,
      `memory of the node: ${memoryMiB.start} MiB at the start, ${memoryMiB.warm} after a fifth, ${memoryMiB.end} at the end: ${isFlat ? "flat" : "GROWING"}`,
      ...report.findings.flatMap(({ problem, over, message, answer }) => [
        `✗ ${problem} (${over})`,
        `  sent: ${message}`,
        `  got:  ${answer}`,
      ]),
      ok ? "nothing found" : `again: npm run fuzz -- --seed ${seed} --count ${count}`,
    ]);
    return ok ? EXIT.ok : EXIT.check;
  } finally {
    await chain.close();
  }
}

function parseFlags(): { seed: number; count: number } {
  try {
    const { values } = parseArgs({
      options: { json: { type: "boolean" }, seed: { type: "string" }, count: { type: "string" } },
    });
    return {
      seed: whole("seed", values.seed, randomInt(2 ** 32 - 1), 2 ** 32 - 1),
      count: whole("count", values.count, DEFAULT_COUNT, 10 ** 9),
    };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new SubforgeError("FUZZ_USAGE", { problem }, { cause: error });
  }
}

function whole(flag: string, text: string | undefined, fallback: number, max: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new Error(`--${flag} is a whole number up to ${max}`);
}

/** Resident memory of the node. Only Linux tells it of another process: 0 elsewhere. */
function residentMiB({ pid }: ChainProcess): number {
  try {
    const [, kib] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Math.round(Number(kib ?? 0) / MIB);
  } catch {
    return 0;
  }
}
