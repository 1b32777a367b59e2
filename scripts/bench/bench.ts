import { availableParallelism, cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { EXIT, SubforgeError } from "../../shared/errors.ts";
import { nearest } from "../nearest.ts";
import { createOutput, endQuietlyWhenReaderLeaves, printError, table } from "../output.ts";
import type { BenchCase } from "./bench-case.ts";

/** `report`: what else it found, as lines of Markdown for a page of the documentation. */
type Measured = BenchCase[] | { cases: BenchCase[]; report: string[] };

/** One file each, which measures us and a peer in the same run. */
const BENCHMARKS: Record<string, () => Promise<Measured>> = {
  axon: async () => (await import("./axon.ts")).benchAxon(),
  batching: async () => (await import("./batching.ts")).benchBatching(),
  cli: async () => (await import("./cli-start.ts")).benchCliStart(),
  "chain-link": async () => (await import("./chain-link.ts")).benchChainLink(),
  forecast: async () => (await import("./forecast.ts")).benchForecast(),
  gpu: async () => (await import("./gpu.ts")).benchGpu(),
  flood: async () => (await import("./flood.ts")).benchFlood(),
  queue: async () => (await import("./queue.ts")).benchQueue(),
  localnet: async () => (await import("./localnet.ts")).benchLocalnet(),
  scale: async () => (await import("./scale.ts")).benchScale(),
  simulator: async () => (await import("./simulator.ts")).benchSimulator(),
  sr25519: async () => (await import("./sr25519.ts")).benchSr25519(),
  sweep: async () => (await import("./sweep.ts")).benchSweep(),
  "training-proof": async () => (await import("./training-proof.ts")).benchTrainingProof(),
  yuma: async () => (await import("./yuma.ts")).benchYuma(),
};

endQuietlyWhenReaderLeaves();
const json = process.argv.includes("--json");
try {
  process.exitCode = await runBenchmark(process.argv.slice(2));
} catch (error) {
  process.exitCode = printError(error, { json, color: true, showStackTraces: false });
}

/** @returns 9 when a case misses the required ratio. */
async function runBenchmark(words: string[]): Promise<number> {
  const name = parseName(words);
  const measured = await BENCHMARKS[name]!();
  const { cases, report } = Array.isArray(measured) ? { cases: measured, report: [] } : measured;
  const document = { name, machine: machine(), cases };
  createOutput({ json }).result(document, [
    `${name} · ${document.machine.cpu}, ${document.machine.cores} cores, Node ${document.machine.node}`,
    ...table([["case", "ours", "peer", "unit", "ratio", "spread", "required", ""], ...cases.map(row)]),
    ...report,
  ]);
  return cases.every(({ pass }) => pass) ? EXIT.ok : EXIT.check;
}

function parseName(words: string[]): string {
  const names = Object.keys(BENCHMARKS);
  let given: string[];
  try {
    given = parseArgs({
      args: words,
      options: { json: { type: "boolean" } },
      allowPositionals: true,
    }).positionals;
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error));
  }
  const [name, ...more] = given;
  if (name === undefined || more.length > 0) throw usage(`name one benchmark: ${names.join(", ")}`);
  if (Object.hasOwn(BENCHMARKS, name)) return name;
  const guess = nearest(name, names);
  throw usage(
    `no benchmark is named ${name}; ${guess ? `did you mean ${guess}?` : `known: ${names.join(", ")}`}`,
  );
}

function usage(problem: string): SubforgeError {
  return new SubforgeError("BENCH_USAGE", { problem });
}

function row({ case: what, ours, peer, unit, ratio, spread, required, pass }: BenchCase): string[] {
  const range = `${spread[0].toFixed(2)}..${spread[1].toFixed(2)}`;
  return [
    what,
    ours.toFixed(1),
    peer.toFixed(1),
    unit,
    ratio.toFixed(2),
    range,
    required.toFixed(2),
    pass ? "ok" : "MISSED",
  ];
}

function machine(): { cpu: string; cores: number; memoryGiB: number; node: string; platform: string } {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
  };
}
