import { setTimeout } from "node:timers";
import { Listeners } from "../listeners.ts";
import { invalidParams } from "../rpc-error.ts";
import { type Fault, type FaultKind, type FaultOf, isPlainDrop, parseFault } from "./fault.ts";

/** Faults at once: more are a program that forgets to clear. */
const MAX_FAULTS = 256;

/** A fault that was set and did not end yet. */
export type SetFault = Fault & {
  id: number;
  /** How often it struck. */
  strikes: number;
  /** Requests or blocks it could have struck. */
  seen: number;
};

/** The faults of one node: what is set, what strikes next, and what ends by itself. */
export class FaultBoard {
  /** Told after a fault was set or ended. Throwing refuses the fault. */
  readonly onSet = new Listeners<SetFault>();
  readonly onEnded = new Listeners<SetFault>();
  readonly #faults = new Map<number, SetFault>();
  readonly #timers = new Map<number, NodeJS.Timeout>();
  #lastId = 0;

  get isEmpty(): boolean {
    return this.#faults.size === 0;
  }

  /**
   * @returns the fault's id, for `clear`
   * @throws RpcError -32602 naming what is wrong with it
   */
  set(given: Fault): number {
    if (this.#faults.size >= MAX_FAULTS)
      throw invalidParams(`at most ${MAX_FAULTS} faults at once: clear some`);
    const fault: SetFault = { ...parseFault(given), id: ++this.#lastId, strikes: 0, seen: 0 };
    this.#faults.set(fault.id, fault);
    try {
      this.onSet.emit(fault);
    } catch (error) {
      this.#faults.delete(fault.id);
      throw error;
    }
    const { durationMs } = fault;
    if (isPlainDrop(fault)) this.#end(fault);
    if (durationMs !== undefined && this.#faults.has(fault.id))
      this.#timers.set(fault.id, setTimeout(() => this.#end(fault), durationMs).unref());
    return fault.id;
  }

  /** End one fault, all of a kind, or all. @returns how many ended */
  clear(which?: number | FaultKind): number {
    const doomed = this.list().filter(
      ({ id, kind }) => which === undefined || id === which || kind === which,
    );
    for (const { id } of doomed) this.#end(this.#faults.get(id)!);
    return doomed.length;
  }

  /** Oldest first. */
  list(): SetFault[] {
    return [...this.#faults.values()].map((fault) => ({ ...fault }));
  }

  /** The newest fault of a kind, without counting. */
  active<Kind extends FaultKind>(kind: Kind): FaultOf<Kind> | undefined {
    return [...this.#faults.values()].findLast((fault) => fault.kind === kind) as FaultOf<Kind> | undefined;
  }

  /**
   * Does a fault of this kind strike now? Counts, and ends what has struck often enough.
   *
   * @param methods - Of the request; undefined for a new connection or a block.
   */
  strike<Kind extends FaultKind>(kind: Kind, methods?: readonly string[]): FaultOf<Kind> | undefined {
    for (const fault of this.#faults.values()) {
      if (fault.kind !== kind || !hits(fault, methods)) continue;
      fault.strikes++;
      if (fault.count !== undefined && fault.strikes >= fault.count) this.#end(fault);
      return fault as SetFault & FaultOf<Kind>;
    }
    return undefined;
  }

  /** The node is going: no timer may outlive it. */
  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #end(fault: SetFault): void {
    if (!this.#faults.delete(fault.id)) return;
    clearTimeout(this.#timers.get(fault.id));
    this.#timers.delete(fault.id);
    this.onEnded.emit(fault);
  }
}

function hits(fault: SetFault, asked: readonly string[] | undefined): boolean {
  const { methods, every } = fault as { methods?: readonly string[]; every?: number };
  if (methods !== undefined && !asked?.some((method) => methods.includes(method))) return false;
  fault.seen++;
  return every === undefined || fault.seen % every === 0;
}
