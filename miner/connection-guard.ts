import type { AxonLimits } from "./axon-limits.ts";
import { Budget } from "./budget.ts";
import { Room } from "./room.ts";

const MAX_ADDRESSES = 10_000;
/** More than a subnet has callers. */
const MAX_PROVEN = 1_024;
/** Validators come back within a tempo; an address may change its owner later. */
const PROVEN_MS = 2 * 60 * 60_000;
/** Of its callers; to write each request down would cost more than it is worth. */
const VOUCH_EVERY_MS = 1_000;
const EVERYBODY = "";

export type ConnectionLimits = Pick<
  AxonLimits,
  | "maxConnections"
  | "placesOfProven"
  | "maxConnectionsPerAddress"
  | "connectionsPerSecond"
  | "connectionBurst"
  | "strangersPerSecond"
  | "strangerBurst"
>;

/**
 * Who may have a connection, before anything is read from it. Addresses where a welcome caller proved itself keep
 * places of their own and are not counted among the strangers: a flood from everywhere cannot shut them out.
 */
export class ConnectionGuard {
  readonly #all: Room;
  readonly #strangersRoom: Room;
  readonly #rate: Budget;
  readonly #strangersRate: Budget;
  readonly #proven = new Map<string, number>();

  constructor(limits: ConnectionLimits) {
    const perKey = limits.maxConnectionsPerAddress;
    const placesOfStrangers = limits.maxConnections - limits.placesOfProven;
    this.#all = new Room({ total: limits.maxConnections, perKey });
    this.#strangersRoom = new Room({ total: placesOfStrangers, perKey });
    this.#rate = new Budget({
      ...{ perSecond: limits.connectionsPerSecond, burst: limits.connectionBurst },
      maxKeys: MAX_ADDRESSES,
    });
    this.#strangersRate = new Budget({
      ...{ perSecond: limits.strangersPerSecond, burst: limits.strangerBurst },
      maxKeys: 1,
    });
  }

  /** @returns What to call once when the connection is closed; undefined when it may not stay. */
  enter(address: string, nowMs: number): (() => void) | undefined {
    if (!this.#rate.take(address, nowMs)) return undefined;
    if (this.#isProven(address, nowMs)) {
      return this.#all.enter(address) ? () => this.#all.leave(address) : undefined;
    }
    if (!this.#strangersRate.take(EVERYBODY, nowMs)) return undefined;
    if (!this.#all.has(address) || !this.#strangersRoom.enter(address)) return undefined;
    this.#all.enter(address);
    return () => {
      this.#strangersRoom.leave(address);
      this.#all.leave(address);
    };
  }

  /** A welcome caller proved itself from there. */
  vouch(address: string, nowMs: number): void {
    if (nowMs - (this.#proven.get(address) ?? Number.NEGATIVE_INFINITY) < VOUCH_EVERY_MS) return;
    this.#proven.delete(address); // the most recent one last
    this.#proven.set(address, nowMs);
    if (this.#proven.size > MAX_PROVEN) this.#proven.delete(this.#proven.keys().next().value!);
  }

  #isProven(address: string, nowMs: number): boolean {
    const atMs = this.#proven.get(address);
    return atMs !== undefined && nowMs - atMs < PROVEN_MS;
  }
}
