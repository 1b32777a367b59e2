/** One row of an acceptance table: what is required, and the run that says whether it holds. */
export type Criterion = {
  /** Number of the section the row stands in, such as "13". */
  section: string;
  row: string;
  /** The requirement in words and numbers. */
  required: string;
  /** Takes minutes: not part of a quick run. */
  nightly?: boolean;
  /** Deterministic. `measured` is text for people, with the numbers that were found. */
  measure(): Promise<{ measured: string; pass: boolean }>;
};
