import { residentMiB } from "../miner-process.ts";

/** Memory is looked at after so much of the work and again at the end. */
const WARM_PART = 0.2;
/** What caches and kept blocks may still take after that, MiB. */
const MAX_GROWTH_MIB = 128;
const REPORT_EVERY = 10_000;

/** Resident memory of a process over a run. */
export class MemoryWatch {
  readonly #pid: number;
  readonly #count: number;
  readonly #miB: { start: number; warm: number; end: number };

  constructor(pid: number, count: number) {
    this.#pid = pid;
    this.#count = count;
    this.#miB = { start: residentMiB(pid), warm: 0, end: 0 };
  }

  progress(done: number): void {
    if (this.#miB.warm === 0 && done >= this.#count * WARM_PART) this.#miB.warm = residentMiB(this.#pid);
    if (done % REPORT_EVERY === 0) process.stderr.write(`${done} of ${this.#count}\n`);
  }

  end(): { start: number; warm: number; end: number } {
    this.#miB.end ||= residentMiB(this.#pid);
    return this.#miB;
  }

  verdict(lines: string[]): { isFlat: boolean; lines: string[] } {
    const { start, warm, end } = this.end();
    const isFlat = end - (warm || start) <= MAX_GROWTH_MIB;
    const memory = `memory: ${start} MiB at the start, ${warm} after a fifth, ${end} at the end: ${isFlat ? "flat" : "GROWING"}`;
    return { isFlat, lines: [...lines, memory] };
  }
}
