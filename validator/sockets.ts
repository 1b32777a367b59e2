import { Pool } from "undici";

/** Sockets to one address: a slow miner must not hold more of us. */
export const SOCKETS_PER_HOST = 2;

/** Sockets to all addresses together: each is a file descriptor, and a shell gives 1,024 of them. */
const MAX_SOCKETS = 768;

const MAX_HEADER_BYTES = 16_384;
const CONNECT_TIMEOUT_MS = 5_000;

/** A socket, or the right to open one. Two questions with the same slot of one address are never on the way together. */
export type Socket = { pool: Pool; slot: number; give(): void };

type Host = { pool: Pool; free: number[]; waiting: Line<number> };

/** The sockets to miners: few to each, not too many to all, kept open for the next question. */
export class Sockets {
  readonly #maxHosts: number;
  /** Least recently used first. */
  readonly #hosts = new Map<string, Host>();
  /** Those for whom there is no place while all hosts are in use. */
  readonly #crowd = new Line<true>();

  /** @param maxSockets - To all addresses together, at least two. */
  constructor(maxSockets: number = MAX_SOCKETS) {
    this.#maxHosts = Math.max(1, Math.floor(maxSockets / SOCKETS_PER_HOST));
  }

  /** @returns undefined when none became free until then. @param untilMs - Unix ms. */
  async take(origin: string, untilMs: number): Promise<Socket | undefined> {
    let host = this.#host(origin);
    while (!host) {
      if (!(await this.#crowd.wait(untilMs))) return undefined;
      host = this.#host(origin);
    }
    const { pool } = host;
    const slot = host.free.pop() ?? (await host.waiting.wait(untilMs));
    if (slot === undefined) return undefined;
    return { pool, slot, give: () => this.#give(host, slot) };
  }

  async close(): Promise<void> {
    const pools = [...this.#hosts.values()].map(({ pool }) => pool);
    this.#hosts.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  #give(host: Host, slot: number): void {
    if (host.waiting.serve(slot)) return;
    host.free.push(slot);
    if (isIdle(host)) this.#crowd.serve(true);
  }

  /** @returns undefined when all places are in use. */
  #host(origin: string): Host | undefined {
    const known = this.#hosts.get(origin);
    if (known) {
      this.#hosts.delete(origin);
      this.#hosts.set(origin, known);
      return known;
    }
    if (this.#hosts.size >= this.#maxHosts && !this.#dropIdle()) return undefined;
    const host: Host = {
      pool: openPool(origin),
      free: Array.from({ length: SOCKETS_PER_HOST }, (_, slot) => slot),
      waiting: new Line(),
    };
    this.#hosts.set(origin, host);
    return host;
  }

  #dropIdle(): boolean {
    for (const [origin, host] of this.#hosts) {
      if (!isIdle(host)) continue;
      this.#hosts.delete(origin);
      void host.pool.destroy();
      return true;
    }
    return false;
  }
}

/** Those who wait, first come first served, none longer than until its own time. */
class Line<T> {
  readonly #waiting = new Set<(value: T) => void>();

  wait(untilMs: number): Promise<T | undefined> {
    return new Promise((resolve) => {
      const serve = (value: T | undefined): void => {
        clearTimeout(timer);
        this.#waiting.delete(serve);
        resolve(value);
      };
      const timer = setTimeout(() => serve(undefined), Math.max(0, untilMs - Date.now()));
      this.#waiting.add(serve);
    });
  }

  /** @returns false when nobody waits. */
  serve(value: T): boolean {
    const [first] = this.#waiting;
    first?.(value);
    return first !== undefined;
  }
}

/** undici's pools know nothing of proxies in the environment, and a request follows no redirect. */
function openPool(origin: string): Pool {
  return new Pool(origin, {
    connections: SOCKETS_PER_HOST,
    pipelining: 1,
    maxHeaderSize: MAX_HEADER_BYTES,
    // The question's own deadline aborts everything; these only must not be shorter.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: CONNECT_TIMEOUT_MS },
  });
}

function isIdle({ free }: Host): boolean {
  return free.length === SOCKETS_PER_HOST;
}
