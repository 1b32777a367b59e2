import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { readModelFile } from "../../miner/inference/model-file.ts";
import { within } from "../../shared/deadline.ts";
import { isSubforgeError } from "../../shared/errors.ts";
import { processEntry } from "../../shared/process-entry.ts";
import { randomFrom } from "../../shared/rules/beacon.ts";
import { goldenModels } from "./golden-models.ts";
import { mutateModel } from "./mutate-model.ts";

export type ModelFuzzReport = {
  tried: number;
  /** By verdict: `refused` by the guard, `ready`, `refused by the runtime`, `process ended`, `too slow`. */
  verdicts: Record<string, number>;
  findings: { problem: string; file: string }[];
};

/** The pool gives a model longer; what takes so long here has found its way past the guard and is stopped. */
const LOAD_DEADLINE_MS = 10_000;
/** Data of the loading process, KiB: a bomb that gets through ends it and not this machine. */
const MAX_DATA_KIB = 4 * 2 ** 20;
const MAX_FINDINGS = 20;

/**
 * Mutated models through the guard in this process and, those that pass, through the runtime in another one. Nothing
 * may end this process, and nothing may open what lies outside the folder of the model: there lies a pipe, and whoever
 * opens it waits there for a writer, which is seen.
 *
 * Equal seeds make equal files.
 */
export async function fuzzModels({
  seed,
  count,
  onProgress,
}: {
  seed: number;
  count: number;
  onProgress?: (tried: number) => void;
}): Promise<ModelFuzzReport> {
  const report: ModelFuzzReport = { tried: 0, verdicts: {}, findings: [] };
  const place = new TrapFolder();
  const loader = new Loader();
  const seedBytes = Buffer.alloc(32);
  seedBytes.writeUInt32LE(seed);
  const random = randomFrom(seedBytes);
  const goldens = goldenModels(place.inside);
  const note = (problem: string, bytes: Buffer) => {
    if (report.findings.length < MAX_FINDINGS)
      report.findings.push({ problem, file: bytes.toString("base64").slice(0, 4_000) });
  };
  try {
    for (; report.tried < count; report.tried += 1) {
      const draw = () => goldens[random.below(goldens.length)]!;
      const bytes = mutateModel(draw(), draw(), place.names, random);
      const path = place.write(bytes);
      const verdict = await readModelFile(path).then(
        () => loader.load(path),
        (error: unknown) =>
          isSubforgeError(error, "MINER_MODEL_INVALID") ? "refused" : `crashed: ${String(error)}`,
      );
      report.verdicts[verdict] = (report.verdicts[verdict] ?? 0) + 1;
      if (verdict.startsWith("crashed")) note(verdict, bytes);
      if (place.wasEntered()) note("it opened a file outside its folder", bytes);
      if (report.tried % 1_000 === 0) onProgress?.(report.tried);
    }
    return report;
  } finally {
    loader.close();
    place.remove();
  }
}

/** A folder for a model, with ways out of it that all lead to a pipe. */
class TrapFolder {
  readonly #folder = mkdtempSync(join(tmpdir(), "subforge-fuzz-"));
  readonly #trap = join(this.#folder, "trap");
  readonly #model = join(this.#folder, "model");
  /** A file of weights that a model may really have. */
  readonly inside = "w.bin";
  /** Ways to the pipe, and names near them. */
  readonly names: readonly string[];

  constructor() {
    execFileSync("mkfifo", [this.#trap]);
    mkdirSync(join(this.#model, "deep"), { recursive: true });
    writeFileSync(join(this.#model, this.inside), new Uint8Array(64));
    symlinkSync(this.#trap, join(this.#model, "link"));
    symlinkSync("../trap", join(this.#model, "relative"));
    symlinkSync("../..", join(this.#model, "deep", "up"));
    execFileSync("mkfifo", [join(this.#model, "pipe")]);
    this.names = [
      ...[
        "../trap",
        "./../trap",
        "deep/../../trap",
        "deep/up/trap",
        "deep//up/trap",
        "link",
        "relative",
        "pipe",
      ],
      ...[
        this.#trap,
        `/${this.#trap}`,
        `//${this.#trap}`,
        `file://${this.#trap}`,
        `w.bin/../../trap`,
        "..\\trap",
      ],
      ...["../model/../trap", "link\0", "*/_ORT_MEM_ADDR_/*", "deep", ".", "..", "", this.inside],
    ];
  }

  write(bytes: Buffer): string {
    const path = join(this.#model, "m.onnx");
    writeFileSync(path, bytes);
    return path;
  }

  /** Is somebody waiting at a pipe? A writer that does not want to wait is let in only then. */
  wasEntered(): boolean {
    return [this.#trap, join(this.#model, "pipe")].some((path) => {
      try {
        closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
        return true;
      } catch {
        return false;
      }
    });
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The runtime in a process of its own, started again when a model ends it. */
class Loader {
  #child: ChildProcess | undefined;
  #lines: Interface | undefined;

  async load(path: string): Promise<string> {
    const { child, lines } = this.#running();
    const over = new AbortController();
    const { signal } = over;
    const ended = once(child, "exit", { signal }).then(() => "process ended");
    const said = once(lines, "line", { signal }).then(([line]) => {
      const { kind } = JSON.parse(String(line)) as { kind: string };
      return kind === "ready" ? "ready" : "refused by the runtime";
    });
    for (const event of [ended, said]) event.catch(() => undefined); // the other one came first
    child.stdin!.write(`${path}\n`);
    const verdict = await within(
      Promise.race([said, ended]),
      LOAD_DEADLINE_MS,
      () => new Error("late"),
    ).catch(() => "too slow");
    over.abort();
    if (verdict === "too slow" || verdict === "process ended") this.close();
    return verdict;
  }

  close(): void {
    this.#child?.kill("SIGKILL");
    this.#child = undefined;
  }

  #running(): { child: ChildProcess; lines: Interface } {
    if (!this.#child) {
      const command = `ulimit -d ${MAX_DATA_KIB}; exec "$0" "$@"`;
      const words = ["-c", command, process.execPath, processEntry("fuzz-models")];
      this.#child = spawn("sh", words, { stdio: ["pipe", "pipe", "ignore"], env: {} });
      this.#child.stdin!.on("error", () => undefined); // it ended: `exit` says so
      this.#lines = createInterface({ input: this.#child.stdout! });
    }
    return { child: this.#child, lines: this.#lines! };
  }
}
