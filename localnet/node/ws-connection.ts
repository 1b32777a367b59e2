import { randomBytes } from "node:crypto";
import type { Writable } from "node:stream";
import type { WebSocket } from "ws";
import type { FaultBoard } from "./faults/fault-board.ts";
import { type AnswerFault, faultOfRequest, isSilent } from "./faults/request-faults.ts";
import type { Connection, Subscriber } from "./rpc/rpc.ts";
import { RpcError } from "./rpc-error.ts";

/** Subscriptions of one client. */
const MAX_SUBSCRIPTIONS = 1_024;

/** What may wait in a client's socket. One that reads slower than it asks for is cut off. */
const MAX_BUFFERED_BYTES = 64 * 1024 * 1024;

/** No frame of a WebSocket has all three reserved bits set. */
const NO_FRAME = Buffer.from([0xff, 0xff, 0xff, 0xff]);

type Subscription = { stop: () => void; held: string[] | undefined };

/** One WebSocket client and its subscriptions. */
export class WsConnection implements Connection {
  readonly #socket: WebSocket;
  readonly #wire: Writable;
  readonly #faults: FaultBoard;
  readonly #subscriptions = new Map<string, Subscription>();
  /** Answers that a fault keeps back. */
  readonly #late = new Set<NodeJS.Timeout>();
  /** Notifications that must not overtake the answer to the running message. */
  #held: string[] | undefined;

  /** @param wire - The TCP connection under the WebSocket. */
  constructor(socket: WebSocket, wire: Writable, faults: FaultBoard) {
    this.#socket = socket;
    this.#wire = wire;
    this.#faults = faults;
    socket.on("ping", (data) => {
      if (!isSilent(faults)) socket.pong(data);
    });
  }

  /** Answer one message: what it subscribes to is told after the answer. */
  reply(message: string, answer: (message: string) => string | undefined): void {
    const fault = faultOfRequest(this.#faults, message);
    if (fault?.kind === "cut") this.#socket.terminate();
    else if (fault?.kind === "busy") this.#send(fault.text);
    else if (fault?.kind !== "silence") this.#answer(() => answer(message), fault);
  }

  subscribe(event: string, subscriber: Subscriber): string {
    if (this.#subscriptions.size >= MAX_SUBSCRIPTIONS)
      throw new RpcError(-32006, "Too many subscriptions on the connection", `at most ${MAX_SUBSCRIPTIONS}`);
    const id = randomBytes(8).toString("hex");
    const subscription: Subscription = { stop: () => {}, held: undefined };
    subscription.stop = subscriber((result) => {
      const notification = { jsonrpc: "2.0", method: event, params: { subscription: id, result } };
      this.#notify(JSON.stringify(notification), subscription);
    });
    this.#subscriptions.set(id, subscription);
    return id;
  }

  unsubscribe(id: unknown): boolean {
    const subscription = typeof id === "string" ? this.#subscriptions.get(id) : undefined;
    if (subscription === undefined) return false;
    this.#subscriptions.delete(id as string);
    subscription.stop();
    return true;
  }

  /** The client is gone. */
  close(): void {
    for (const { stop } of this.#subscriptions.values()) stop();
    this.#subscriptions.clear();
    for (const timer of this.#late) clearTimeout(timer);
    this.#late.clear();
  }

  #answer(work: () => string | undefined, fault: AnswerFault | undefined): void {
    const delayMs = fault?.delayMs ?? 0;
    const known = delayMs > 0 ? new Set(this.#subscriptions.keys()) : undefined;
    const held: string[] = [];
    this.#held = held;
    const text = work();
    this.#held = undefined;
    const opened = known ? [...this.#subscriptions].filter(([id]) => !known.has(id)) : [];
    for (const [, subscription] of opened) subscription.held = [];
    const send = (): void => {
      if (text !== undefined) this.#sendAnswer(text, fault);
      for (const notification of held) this.#send(notification);
      for (const [, subscription] of opened) {
        for (const notification of subscription.held ?? []) this.#send(notification);
        subscription.held = undefined;
      }
    };
    if (delayMs === 0) {
      send();
      return;
    }
    const timer = setTimeout(() => {
      this.#late.delete(timer);
      send();
    }, delayMs).unref();
    this.#late.add(timer);
  }

  #sendAnswer(text: string, { lost = false, instead }: Partial<AnswerFault> = {}): void {
    if (lost) this.#socket.terminate();
    else if (instead === "frame") this.#wire.write(NO_FRAME);
    else this.#send(instead === undefined ? text : instead(text));
  }

  #notify(text: string, { held }: Subscription): void {
    if (this.#held) this.#held.push(text);
    else if (held) held.push(text);
    else if (!isSilent(this.#faults)) this.#send(text);
  }

  #send(text: string): void {
    if (this.#socket.bufferedAmount > MAX_BUFFERED_BYTES) this.#socket.terminate();
    else if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(text);
  }
}
