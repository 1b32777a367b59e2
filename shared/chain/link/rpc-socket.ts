import WebSocket from "ws";
import { z } from "zod";

/** Largest frame: the metadata of a real runtime is 1.3 MB, a metagraph of 256 neurons 100 kB. */
export const MAX_FRAME_BYTES = 16 * 1024 * 1024;

/** Questions that wait for an answer at once. */
const MAX_IN_FLIGHT = 1_024;

/** The endpoint heard the question and refused it, with a code of JSON-RPC or of its transaction pool. */
export class RpcRefusal extends Error {
  readonly code: number;
  readonly data: string | undefined;

  constructor(code: number, message: string, data: string | undefined) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/**
 * What is wrong with an endpoint: it cannot be reached, wants less of us (`throttled`), hung up, did not answer in
 * time (`late`), or sent what is no JSON-RPC or too much of it (`malformed`).
 */
export type FailureKind = "unreachable" | "throttled" | "closed" | "late" | "malformed" | "busy";

/** No answer came, so nobody knows whether the question was heard. */
export class EndpointFailure extends Error {
  readonly kind: FailureKind;
  /** How long the endpoint wants to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(kind: FailureKind, message: string, retryAfterMs?: number) {
    super(message);
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}

type Pending = {
  resolve(result: unknown): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
  /** For a subscription: takes its id before the next frame is read. */
  listen: ((result: unknown) => void) | undefined;
};

const answerSchema = z.object({
  id: z.union([z.number(), z.string(), z.null()]),
  result: z.unknown().optional(),
  error: z
    .object({ code: z.number(), message: z.string().catch("no message"), data: z.unknown().optional() })
    .optional(),
});
const notificationSchema = z.object({
  method: z.string(),
  params: z.object({ subscription: z.union([z.number(), z.string()]), result: z.unknown() }),
});

/**
 * JSON-RPC over one WebSocket. Every question ends within its deadline; an answer that comes later finds nobody,
 * because an id is never used twice. What it keeps is bounded by the questions in flight.
 */
export class RpcSocket {
  /** Settles with the reason when the connection is over. */
  readonly ended: Promise<EndpointFailure>;
  /** Frames and pongs that came: a connection on which nothing comes is dead, whatever it looks like. */
  framesSeen = 0;
  readonly #socket: WebSocket;
  readonly #pending = new Map<number, Pending>();
  readonly #subscriptions = new Map<string, (result: unknown) => void>();
  #lastId = 0;
  #ending: EndpointFailure | undefined;
  readonly #endedWith: (failure: EndpointFailure) => void;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    let endedWith!: (failure: EndpointFailure) => void;
    this.ended = new Promise((resolve) => {
      endedWith = resolve;
    });
    this.#endedWith = endedWith;
    socket.on("message", (data, isBinary) => this.#onFrame(String(data), isBinary));
    socket.on("pong", () => this.framesSeen++);
    socket.on("error", (error) => this.end(toFailure(error)));
    socket.on("close", (code) => this.end(new EndpointFailure("closed", `the connection ended (${code})`)));
  }

  get isOpen(): boolean {
    return this.#ending === undefined;
  }

  /** @throws RpcRefusal, EndpointFailure */
  ask(method: string, params: readonly unknown[], timeoutMs: number): Promise<unknown> {
    return this.#send(method, params, timeoutMs, undefined);
  }

  /**
   * Ask for notifications. The first one may come before this resolves.
   *
   * @returns how to end them; the endpoint is told, nobody waits for its answer.
   */
  async subscribe(
    [method, unsubscribe]: readonly [method: string, unsubscribe: string],
    params: readonly unknown[],
    timeoutMs: number,
    onResult: (result: unknown) => void,
  ): Promise<() => void> {
    const id = await this.#send(method, params, timeoutMs, (given) => {
      this.#subscriptions.set(String(given), onResult);
    });
    return () => {
      if (!this.#subscriptions.delete(String(id)) || !this.isOpen) return;
      this.ask(unsubscribe, [id], timeoutMs).catch(() => undefined); // gone with the connection, or already over
    };
  }

  /** Makes a living peer answer with a pong. */
  ping(): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
  }

  end(failure: EndpointFailure): void {
    if (this.#ending) return;
    this.#ending = failure;
    for (const { timer, reject } of this.#pending.values()) {
      clearTimeout(timer);
      reject(failure);
    }
    this.#pending.clear();
    this.#subscriptions.clear();
    this.#socket.terminate();
    this.#endedWith(failure);
  }

  #send(
    method: string,
    params: readonly unknown[],
    timeoutMs: number,
    listen: Pending["listen"],
  ): Promise<unknown> {
    if (this.#ending) return Promise.reject(this.#ending);
    if (this.#pending.size >= MAX_IN_FLIGHT) {
      return Promise.reject(new EndpointFailure("busy", `${MAX_IN_FLIGHT} questions wait for an answer`));
    }
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new EndpointFailure("late", `${method} was not answered within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#pending.set(id, { resolve, reject, timer, listen });
      this.#socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    });
  }

  #onFrame(text: string, isBinary: boolean): void {
    this.framesSeen++;
    const message = isBinary ? undefined : parseJson(text);
    const notification = notificationSchema.safeParse(message);
    if (notification.success) {
      const { subscription, result } = notification.data.params;
      this.#subscriptions.get(String(subscription))?.(result);
      return;
    }
    const answer = answerSchema.safeParse(message);
    if (answer.success) this.#onAnswer(answer.data);
    else this.end(new EndpointFailure("malformed", "it sent a frame that is no JSON-RPC"));
  }

  #onAnswer({ id, result, error }: z.infer<typeof answerSchema>): void {
    const pending = typeof id === "number" ? this.#pending.get(id) : undefined;
    if (!pending) return; // too late, or never asked
    this.#pending.delete(id as number);
    clearTimeout(pending.timer);
    if (error) {
      const data = error.data === undefined ? undefined : String(error.data);
      pending.reject(new RpcRefusal(error.code, error.message, data));
      return;
    }
    pending.listen?.(result);
    pending.resolve(result);
  }
}

/** @throws EndpointFailure */
export function openRpcSocket(url: string, timeoutMs: number, signal: AbortSignal): Promise<RpcSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, {
      maxPayload: MAX_FRAME_BYTES,
      handshakeTimeout: timeoutMs,
      perMessageDeflate: false, // a small frame must not become a large one
      followRedirects: false,
    });
    const give = (failure: EndpointFailure) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      reject(failure);
      socket.terminate();
    };
    const stop = () => give(new EndpointFailure("closed", "the chain was closed"));
    const late = () => give(new EndpointFailure("late", `no connection within ${timeoutMs} ms`));
    const timer = setTimeout(late, timeoutMs);
    signal.addEventListener("abort", stop, { once: true });
    socket.on("error", (error) => give(toFailure(error)));
    socket.on("unexpected-response", (_, response) => {
      const wait = Number(response.headers["retry-after"]);
      const throttled = response.statusCode === 429 || response.statusCode === 503;
      response.destroy();
      give(
        new EndpointFailure(
          throttled ? "throttled" : "unreachable",
          `it answered the connection with HTTP ${response.statusCode}`,
          Number.isFinite(wait) ? wait * 1_000 : undefined,
        ),
      );
    });
    socket.once("open", () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      socket.removeAllListeners("error");
      resolve(new RpcSocket(socket));
    });
    if (signal.aborted) stop();
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `ws` names what breaks the protocol with a code of its own. */
function toFailure(error: Error & { code?: string }): EndpointFailure {
  if (error.code === "ECONNREFUSED") return new EndpointFailure("unreachable", "connection refused");
  const broken = error.code?.startsWith("WS_ERR_");
  return new EndpointFailure(broken ? "malformed" : "closed", error.message || (error.code ?? "no reason"));
}
