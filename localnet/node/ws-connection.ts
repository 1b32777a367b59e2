import { randomBytes } from "node:crypto";
import type { WebSocket } from "ws";
import type { Connection, Subscriber } from "./rpc/rpc.ts";
import { RpcError } from "./rpc-error.ts";

/** Subscriptions of one client. */
const MAX_SUBSCRIPTIONS = 1_024;

/** What may wait in a client's socket. One that reads slower than it asks for is cut off. */
const MAX_BUFFERED_BYTES = 64 * 1024 * 1024;

/** One WebSocket client and its subscriptions. */
export class WsConnection implements Connection {
  readonly #socket: WebSocket;
  readonly #subscriptions = new Map<string, () => void>();
  /** Notifications that must not overtake the answer with their subscription's id. */
  #held: string[] | undefined;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** Answer one message: what it subscribes to is told after the answer. */
  reply(answer: () => string | undefined): void {
    this.#held = [];
    const text = answer();
    const held = this.#held;
    this.#held = undefined;
    if (text !== undefined) this.#send(text);
    for (const notification of held) this.#send(notification);
  }

  subscribe(event: string, subscriber: Subscriber): string {
    if (this.#subscriptions.size >= MAX_SUBSCRIPTIONS)
      throw new RpcError(-32006, "Too many subscriptions on the connection", `at most ${MAX_SUBSCRIPTIONS}`);
    const id = randomBytes(8).toString("hex");
    const stop = subscriber((result) => {
      const notification = { jsonrpc: "2.0", method: event, params: { subscription: id, result } };
      this.#notify(JSON.stringify(notification));
    });
    this.#subscriptions.set(id, stop);
    return id;
  }

  unsubscribe(id: unknown): boolean {
    const stop = typeof id === "string" ? this.#subscriptions.get(id) : undefined;
    if (stop === undefined) return false;
    this.#subscriptions.delete(id as string);
    stop();
    return true;
  }

  /** The client is gone. */
  close(): void {
    for (const stop of this.#subscriptions.values()) stop();
    this.#subscriptions.clear();
  }

  #notify(text: string): void {
    if (this.#held) this.#held.push(text);
    else this.#send(text);
  }

  #send(text: string): void {
    if (this.#socket.bufferedAmount > MAX_BUFFERED_BYTES) this.#socket.terminate();
    else if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(text);
  }
}
