/** What a process holds at a moment. */
export type Sample = {
  /** Since the soak began. */
  minute: number;
  heapMiB: number;
  rssMiB: number;
  sockets: number;
  /** Processes it started. */
  children: number;
};

/** A process that is watched for a long time under mixed load. */
export type SoakSubject = {
  process: { pid: number; metricsUrl: string };
  /** What it lives through, until the signal aborts. @returns How often what happened. */
  load(signal: AbortSignal): Promise<Record<string, number>>;
  /** After the load: promises of its own that were broken, in words. */
  broken(tally: Readonly<Record<string, number>>): string[];
  /** Lets it throw away what it does not hold any more, before its heap is measured. */
  tidy(): Promise<void>;
  close(): Promise<void>;
};
