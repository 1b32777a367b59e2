import { request } from "node:http";
import { WebSocket } from "ws";

/** Whatever has the address of a node. */
type Server = { endpoint: string };
export type HttpAnswer = { status: number; headers: Record<string, unknown>; body: string };
export type Reply = { result?: unknown; error?: { code: number; message: string; data?: string } };

/** A POST without a client library between: what came is what was sent. */
export function post(
  { endpoint }: Server,
  body: string,
  headers: Record<string, string> = {},
): Promise<HttpAnswer> {
  const { hostname, port } = new URL(endpoint);
  return new Promise((resolve, reject) => {
    const sent = request(
      { hostname, port, method: "POST", headers: { "content-type": "application/json", ...headers } },
      (response) => {
        let text = "";
        response.on("data", (part) => {
          text += part;
        });
        response.on("error", reject);
        response.on("end", () =>
          resolve({ status: response.statusCode!, headers: response.headers, body: text }),
        );
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

export async function call(server: Server, method: string, ...params: unknown[]): Promise<Reply> {
  const { body } = await post(server, JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }));
  return JSON.parse(body) as Reply;
}

/** @throws Error for an answer that is an error */
export async function result(server: Server, method: string, ...params: unknown[]): Promise<unknown> {
  const answer = await call(server, method, ...params);
  if (answer.error) throw new Error(JSON.stringify(answer.error));
  return answer.result;
}

export type RawSocket = {
  socket: WebSocket;
  /** All messages so far that are JSON. */
  received: Record<string, unknown>[];
  /** The first one that came was no JSON. */
  garbage: string[];
  send(message: unknown): void;
  /** Wait until so many have come. */
  until(count: number): Promise<Record<string, unknown>[]>;
  /** Settles when the connection is gone. */
  closed: Promise<void>;
};

/** A raw WebSocket client that collects what comes. @throws Error when it is not accepted */
export async function openSocket(
  { endpoint }: Server,
  headers: Record<string, string> = {},
  maxPayload?: number,
): Promise<RawSocket> {
  const socket = new WebSocket(endpoint, { headers, ...(maxPayload && { maxPayload }) });
  const received: Record<string, unknown>[] = [];
  const garbage: string[] = [];
  const waiting: (() => void)[] = [];
  socket.on("message", (data) => {
    try {
      received.push(JSON.parse(String(data)) as Record<string, unknown>);
    } catch {
      garbage.push(String(data).slice(0, 100));
    }
    for (const wake of waiting.splice(0)) wake();
  });
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  socket.on("error", () => {}); // a broken frame; `closed` follows
  return {
    socket,
    received,
    garbage,
    closed: new Promise((resolve) => socket.once("close", () => resolve())),
    send: (message) => socket.send(JSON.stringify(message)),
    async until(count) {
      while (received.length + garbage.length < count)
        await new Promise<void>((resolve) => waiting.push(resolve));
      return received;
    },
  };
}
