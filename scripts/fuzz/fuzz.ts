import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { EXIT, SubforgeError } from "../../shared/errors.ts";
import { keysReady } from "../../shared/keys/keypair.ts";
import { startChainProcess } from "../bench/chain-process.ts";
import { startMinerProcess } from "../miner-process.ts";
import { createOutput, endQuietlyWhenReaderLeaves, printError } from "../output.ts";
import { fuzzAxon } from "./fuzz-axon.ts";
import { fuzzModels } from "./fuzz-models.ts";
import { fuzzNode } from "./fuzz-node.ts";
import { MemoryWatch } from "./memory-watch.ts";

type Run = { seed: number; count: number };
type Outcome = { document: object; findings: readonly object[]; isFlat: boolean; lines: string[] };

/** What can be fuzzed, and how many inputs a full run has. The first is the default. */
const TARGETS: Record<string, { count: number; what: string; run(run: Run): Promise<Outcome> }> = {
  node: { count: 100_000, what: "messages", run: runNode },
  axon: { count: 100_000, what: "requests", run: runAxon },
  onnx: { count: 10_000, what: "files", run: runModels },
};

endQuietlyWhenReaderLeaves();
const json = process.argv.includes("--json");
try {
  process.exitCode = await main();
} catch (error) {
  process.exitCode = printError(error, { json, color: true, showStackTraces: false });
}

/** @returns 9 when something was found. */
async function main(): Promise<number> {
  const { name, seed, count } = parseFlags();
  const target = TARGETS[name]!;
  process.stderr.write(`seed ${seed}\n`); // said first: a hang has one, too
  await keysReady();
  const startedAt = performance.now();
  const { document, findings, isFlat, lines } = await target.run({ seed, count });
  const ok = findings.length === 0 && isFlat;
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  createOutput({ json }).result({ ok, name, seed, count, seconds, isFlat, ...document }, [
    `seed ${seed}: ${count} ${target.what} in ${seconds} s`,
    ...lines,
    ...findings.map((finding) => `✗ ${JSON.stringify(finding)}`),
    ok ? "nothing found" : `again: npm run fuzz -- ${name} --seed ${seed} --count ${count}`,
  ]);
  return ok ? EXIT.ok : EXIT.check;
}

async function runNode({ seed, count }: Run): Promise<Outcome> {
  const chain = await startChainProcess();
  try {
    const memory = new MemoryWatch(chain.pid, count);
    const report = await fuzzNode({
      ...{ endpoint: chain.endpoint, seed, count },
      onProgress: (sent) => memory.progress(sent),
    });
    const kinds = countsOf(report.answers);
    return {
      document: { ...report, memoryMiB: memory.end() },
      findings: report.findings,
      ...memory.verdict([`answers: ${kinds}`]),
    };
  } finally {
    await chain.close();
  }
}

async function runAxon({ seed, count }: Run): Promise<Outcome> {
  const miner = await startMinerProcess(["--protocols", "btauth/1,v10,epistula/2"]);
  try {
    const { hotkey, caller, url } = miner;
    const memory = new MemoryWatch(miner.process.pid!, count);
    const report = await fuzzAxon({
      ...{ port: Number(new URL(url).port), hotkey, caller, seed, count },
      onProgress: (sent) => memory.progress(sent),
    });
    const findings: object[] = [...report.findings];
    if (miner.process.exitCode !== null) findings.push({ problem: "the miner ended" });
    const errors = miner
      .takeLog()
      .split("\n")
      .filter((line) => /"level":(50|60)|^\s+at /.test(line));
    for (const line of errors.slice(0, 5)) findings.push({ problem: "the miner logged an error", line });
    const lines = [`answers: ${countsOf(report.answers)}; honest questions answered: ${report.accepted}`];
    return { document: { ...report, memoryMiB: memory.end() }, findings, ...memory.verdict(lines) };
  } finally {
    await miner.close();
  }
}

async function runModels({ seed, count }: Run): Promise<Outcome> {
  const memory = new MemoryWatch(process.pid, count);
  const report = await fuzzModels({ seed, count, onProgress: (tried) => memory.progress(tried) });
  const lines = [`verdicts: ${countsOf(report.verdicts)}`];
  return {
    document: { ...report, memoryMiB: memory.end() },
    findings: report.findings,
    ...memory.verdict(lines),
  };
}

function countsOf(counts: Record<string, number>): string {
  const sorted = Object.entries(counts).sort(([, a], [, b]) => b - a);
  return sorted.map(([kind, times]) => `${kind} ${times}`).join(", ");
}

function parseFlags(): { name: string } & Run {
  try {
    const { values, positionals } = parseArgs({
      options: { json: { type: "boolean" }, seed: { type: "string" }, count: { type: "string" } },
      allowPositionals: true,
    });
    const [name = "node", ...more] = positionals;
    if (more.length > 0 || !Object.hasOwn(TARGETS, name))
      throw new Error(`choose one of ${Object.keys(TARGETS).join(", ")}`);
    return {
      name,
      seed: whole("seed", values.seed, randomInt(2 ** 32 - 1), 2 ** 32 - 1),
      count: whole("count", values.count, TARGETS[name]!.count, 10 ** 9),
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
