import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { WebSocketServer } from "ws";
import { SubforgeError } from "../../shared/errors.ts";
import type { JsonRpc } from "./json-rpc.ts";
import type { RpcContext } from "./rpc/rpc.ts";
import { WsConnection } from "./ws-connection.ts";

/** Largest request, as Substrate: 15 MiB. */
const MAX_REQUEST_BYTES = 15 * 1024 * 1024;
const MAX_CONNECTIONS = 256;
const REQUEST_TIMEOUT_MS = 30_000;

/** Pages that may speak to a local node besides those served from this machine. */
const TRUSTED_ORIGINS = ["https://polkadot.js.org"];
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/;

export type RpcServer = { host: string; port: number; close(): Promise<void> };

export type RpcServerOptions = {
  host: string;
  /** 0: any free one. */
  port: number;
  rpc: JsonRpc;
  context: Omit<RpcContext, "connection">;
};

/**
 * Serve JSON-RPC over WebSocket and HTTP POST on one port.
 *
 * @throws SubforgeError PORT_IN_USE, PORT_FORBIDDEN
 */
export async function startRpcServer({ host, port, rpc, context }: RpcServerOptions): Promise<RpcServer> {
  const http = createServer({ requestTimeout: REQUEST_TIMEOUT_MS });
  const webSockets = new WebSocketServer({ noServer: true, maxPayload: MAX_REQUEST_BYTES });
  const sockets = new Set<Socket>();
  http.maxConnections = MAX_CONNECTIONS;
  http.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const loopback = isLoopback(host);
  http.on("request", (request, response) => {
    void answerHttp(request, response, loopback, (text) =>
      rpc.answer(text, { ...context, connection: undefined }),
    );
  });
  http.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    if (!isTrusted(request, loopback)) {
      socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n");
      return;
    }
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      const connection = new WsConnection(webSocket);
      webSocket.on("message", (data) => {
        connection.reply(() => rpc.answer(String(data), { ...context, connection }));
      });
      webSocket.on("close", () => connection.close());
      webSocket.on("error", () => webSocket.terminate()); // a frame too large, or no WebSocket at all
    });
  });
  await listen(http, host, port);
  return {
    host,
    port: (http.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        for (const client of webSockets.clients) client.terminate();
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function listen(http: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE")
        reject(new SubforgeError("PORT_IN_USE", { host, port }, { cause: error }));
      else
        reject(new SubforgeError("PORT_FORBIDDEN", { host, port, reason: error.message }, { cause: error }));
    });
    http.listen({ host, port, exclusive: true }, resolve);
  });
}

async function answerHttp(
  request: IncomingMessage,
  response: ServerResponse,
  loopback: boolean,
  answer: (text: string) => string | undefined,
): Promise<void> {
  const reply = (status: number, body: string) => {
    response.writeHead(status, { "content-type": "application/json" }).end(body);
  };
  if (!isTrusted(request, loopback)) return reply(403, '{"error":"this host or origin is not allowed"}');
  if (request.method === "GET" && request.url === "/health")
    return reply(200, '{"peers":0,"isSyncing":false,"shouldHavePeers":false}');
  if (request.method !== "POST") return reply(405, '{"error":"use POST, or a WebSocket"}');
  // A page of another origin can send a form, but not this type: a browser asks first, and gets no.
  if (!request.headers["content-type"]?.startsWith("application/json"))
    return reply(415, '{"error":"send application/json"}');
  try {
    const body = await readBody(request);
    if (body === undefined) return reply(413, '{"error":"the request is too large"}');
    reply(200, answer(body) ?? "");
  } catch {
    response.destroy(); // the client went away in the middle of its request
  }
}

/** @returns undefined when it is too large */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MAX_REQUEST_BYTES) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/**
 * On loopback only names of loopback are accepted as host: a page that renames its own address to ours would come
 * under another name. Programs send no origin, pages always do.
 */
function isTrusted({ headers }: IncomingMessage, loopback: boolean): boolean {
  const { host, origin } = headers;
  if (loopback && !LOOPBACK.test(host ?? "")) return false;
  if (origin === undefined || TRUSTED_ORIGINS.includes(origin)) return true;
  return LOOPBACK.test(origin.replace(/^https?:\/\//, ""));
}

export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host) || host === "::1";
}
