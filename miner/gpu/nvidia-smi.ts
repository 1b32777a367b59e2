import { execFile } from "node:child_process";

/** Longest wait for nvidia-smi. It takes seconds while the driver wakes up, and hangs when a card fell off its bus. */
const QUERY_TIMEOUT_MS = 10_000;
const MAX_OUTPUT_BYTES = 2 ** 20;
const MIB = 2 ** 20;

/** On PATH, or where Windows puts it for its Linux guests. */
const PROGRAMS = ["nvidia-smi", "/usr/lib/wsl/lib/nvidia-smi"];

const GPU_FIELDS = [
  ...["index", "uuid", "name", "driver_version", "compute_cap"],
  ...["memory.total", "memory.used", "utilization.gpu", "temperature.gpu"],
] as const;
const APP_FIELDS = ["pid", "gpu_uuid", "used_memory"] as const;

/** One card. What the card or its driver does not say is undefined. */
export type Gpu = {
  /** As `nvidia-smi` counts, in the order of the bus. */
  index: number;
  uuid: string;
  name: string;
  /** As in `580.82.07`. */
  driver: string;
  /** Compute capability, as in `9.0`. */
  capability: string | undefined;
  memoryBytes: number | undefined;
  usedBytes: number | undefined;
  /** Share of the last moments in which the card had work, 0..1. */
  utilization: number | undefined;
  celsius: number | undefined;
};

/** Memory of one card that one process holds. In a container the pid is that of the host. */
export type GpuProcess = { pid: number; uuid: string; usedBytes: number };

export type GpuQuery = { ok: true; gpus: Gpu[]; processes: GpuProcess[] } | { ok: false; reason: string };

/** The cards of this machine and who uses them. A machine without any is an answer, not an error. */
export async function queryGpus(
  environment: Readonly<Record<string, string | undefined>>,
  signal?: AbortSignal,
): Promise<GpuQuery> {
  const run = (fields: readonly string[], what: string) =>
    runFirst(
      PROGRAMS,
      [`--query-${what}=${fields.join(",")}`, "--format=csv,noheader,nounits"],
      environment,
      signal,
    );
  const [cards, apps] = await Promise.all([run(GPU_FIELDS, "gpu"), run(APP_FIELDS, "compute-apps")]);
  if (!cards.ok) return cards;
  const gpus = parseGpus(cards.text);
  if (gpus === undefined) return { ok: false, reason: "nvidia-smi answered in an unknown form" };
  if (gpus.length === 0) return { ok: false, reason: "nvidia-smi sees no GPU" };
  // Who uses a card is not told to every container, and nothing depends on it.
  return { ok: true, gpus, processes: (apps.ok ? parseGpuProcesses(apps.text) : undefined) ?? [] };
}

/** @returns undefined when a line is none of ours: half an answer is not used. */
export function parseGpus(text: string): Gpu[] | undefined {
  return parseRows(
    text,
    GPU_FIELDS.length,
    ([index, uuid, name, driver, capability, total, used, busy, heat]) => {
      const row: Gpu = {
        index: wholeNumber(index) ?? -1,
        uuid: uuid!,
        name: name!,
        driver: driver!,
        capability: /^\d+\.\d+$/.test(capability!) ? capability! : undefined,
        memoryBytes: scaled(total, MIB),
        usedBytes: scaled(used, MIB),
        utilization: scaled(busy, 1 / 100),
        celsius: wholeNumber(heat),
      };
      const isGpu = row.index >= 0 && isUuid(row.uuid) && row.name !== "" && /^\d+(\.\d+)+$/.test(row.driver);
      return isGpu ? row : undefined;
    },
  );
}

/** @returns undefined when a line is none of ours. Processes whose memory is not told are left out. */
export function parseGpuProcesses(text: string): GpuProcess[] | undefined {
  const rows = parseRows(text, APP_FIELDS.length, ([pid, uuid, used]) => {
    const number = wholeNumber(pid);
    return number !== undefined && isUuid(uuid!)
      ? { pid: number, uuid: uuid!, usedBytes: scaled(used, MIB) }
      : undefined;
  });
  return rows?.flatMap(({ usedBytes, ...row }) => (usedBytes === undefined ? [] : [{ ...row, usedBytes }]));
}

function parseRows<Row>(
  text: string,
  columns: number,
  parse: (cells: string[]) => Row | undefined,
): Row[] | undefined {
  const rows: Row[] = [];
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const cells = line.split(",").map((cell) => cell.trim());
    const row = cells.length === columns ? parse(cells) : undefined;
    if (row === undefined) return undefined;
    rows.push(row);
  }
  return rows;
}

/** Also "[N/A]", "[Not Supported]" and "ERR!" become undefined. */
function wholeNumber(cell: string | undefined): number | undefined {
  return cell !== undefined && /^\d{1,9}$/.test(cell) ? Number(cell) : undefined;
}

function scaled(cell: string | undefined, factor: number): number | undefined {
  const number = wholeNumber(cell);
  return number === undefined ? undefined : number * factor;
}

function isUuid(text: string): boolean {
  return /^(GPU|MIG)-[0-9a-f-]{36}$/i.test(text);
}

type Ran = { ok: true; text: string } | { ok: false; reason: string };

async function runFirst(
  programs: readonly string[],
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal | undefined,
): Promise<Ran> {
  for (const program of programs) {
    const ran = await run(program, args, environment, signal);
    if (ran !== undefined) return ran;
  }
  return { ok: false, reason: "nvidia-smi is not on PATH: no NVIDIA driver is installed" };
}

/** @returns undefined when there is no such program. */
function run(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal | undefined,
): Promise<Ran | undefined> {
  const options = {
    timeout: QUERY_TIMEOUT_MS,
    killSignal: "SIGKILL", // one that waits for a dead card does not hear anything milder
    maxBuffer: MAX_OUTPUT_BYTES,
    encoding: "utf8",
    env: { PATH: environment.PATH, LD_LIBRARY_PATH: environment.LD_LIBRARY_PATH, LC_ALL: "C" },
    ...(signal && { signal }),
  } as const;
  return new Promise((resolve) => {
    execFile(program, [...args], options, (error, stdout, stderr) => {
      if (error === null) resolve({ ok: true, text: stdout });
      else if (error.code === "ENOENT") resolve(undefined);
      else if (error.killed)
        resolve({ ok: false, reason: `nvidia-smi gave no answer in ${QUERY_TIMEOUT_MS} ms` });
      else {
        const said = `${stdout}\n${stderr}`.split("\n").find((line) => line.trim() !== "");
        resolve({ ok: false, reason: `nvidia-smi: ${(said ?? error.message).trim().slice(0, 200)}` });
      }
    });
  });
}
