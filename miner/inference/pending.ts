import type { Tensors } from "../../shared/tensor.ts";
import type { Waiting } from "../batcher.ts";
import { joinRows, sliceRows } from "./feeds.ts";

type Outcome = {
  resolve(outputs: Tensors): void;
  reject(error: Error): void;
  /** Called before either of them. */
  ended?(): void;
};

/** A request that waits for its run or is part of one. It ends once; whatever comes later for it is dropped. */
export class Pending implements Waiting {
  readonly feeds: Tensors;
  readonly rows: number;
  readonly key: string;
  readonly arrivedMs: number;
  /** Counts arrivals. Parts have that of their whole. */
  readonly order: number;
  alone: boolean;
  /** Where `Unfinished` keeps it. */
  slot = -1;
  readonly #outcome: Outcome;
  readonly #whole: Pending | undefined;
  #isSettled = false;

  constructor(
    waiting: { feeds: Tensors; rows: number; arrivedMs: number; alone: boolean; key: string; order: number },
    outcome: Outcome,
    whole?: Pending,
  ) {
    this.feeds = waiting.feeds;
    this.rows = waiting.rows;
    this.key = waiting.key;
    this.arrivedMs = waiting.arrivedMs;
    this.order = waiting.order;
    this.alone = waiting.alone;
    this.#outcome = outcome;
    this.#whole = whole;
  }

  /** Nobody waits for its rows any more: not its caller, or not for the request it was cut from. */
  get isSettled(): boolean {
    return this.#isSettled || (this.#whole?.isSettled ?? false);
  }

  resolve(outputs: Tensors): void {
    if (this.isSettled) return;
    this.#end();
    this.#outcome.resolve(outputs);
  }

  reject(error: Error): void {
    if (this.isSettled) return;
    this.#end();
    this.#outcome.reject(error);
  }

  /** Itself when it fits, else parts of at most `maxRows` rows; when the last one ends, or one fails, so does this. */
  cut(maxRows: number): Pending[] {
    if (this.rows <= maxRows) return [this];
    const { feeds, rows, arrivedMs, order, alone, key } = this;
    const outputs: Tensors[] = [];
    const count = Math.ceil(rows / maxRows);
    let left = count;
    return Array.from({ length: count }, (_, i) => {
      const from = i * maxRows;
      const to = Math.min(from + maxRows, rows);
      const outcome: Outcome = {
        resolve: (part) => {
          outputs[i] = part;
          left -= 1;
          if (left === 0) this.resolve(joinRows(outputs));
        },
        reject: (error) => this.reject(error),
      };
      const part = { feeds: sliceRows(feeds, from, to), rows: to - from, arrivedMs, order, alone, key };
      return new Pending(part, outcome, this);
    });
  }

  #end(): void {
    this.#isSettled = true;
    this.#outcome.ended?.();
  }
}
