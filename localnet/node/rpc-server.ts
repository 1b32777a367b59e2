import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { WebSocketServer } from "ws";
import { SubforgeError } from "../../shared/errors.ts";
import { isPlainDrop } from "./faults/fault.ts";
import type { FaultBoard } from "./faults/fault-board.ts";
import { faultOfConnection, faultOfRequest } from "./faults/request-faults.ts";
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
  const webSockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_REQUEST_BYTES,
    autoPong: false, // a connection pongs by itself, unless a fault keeps it silent
  });
  const sockets = new Set<Socket>();
  http.maxConnections = MAX_CONNECTIONS;
  http.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const { faults } = context;
  const loopback = isLoopback(host);
  http.on("request", (request, response) => {
    void answerHttp(request, response, loopback, {
      faults,
      rpc: (text) => rpc.answer(text, { ...context, connection: undefined }),
    });
  });
  http.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    if (!isTrusted(request, loopback)) {
      socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n");
      return;
    }
    const accept = (): void => {
      if (socket.destroyed) return;
      webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        const connection = new WsConnection(webSocket, socket, faults);
        webSocket.on("message", (data) => {
          connection.reply(String(data), (text) => rpc.answer(text, { ...context, connection }));
        });
        webSocket.on("close", () => connection.close());
        webSocket.on("error", () => webSocket.terminate()); // a frame too large, or no WebSocket at all
      });
    };
    const fault = faultOfConnection(faults);
    if (fault === undefined) accept();
    else if (fault.kind === "cut") socket.destroy();
    else if (fault.kind === "late") setTimeout(accept, fault.ms).unref();
    else if (fault.kind === "busy")
      socket.end(`HTTP/1.1 429 Too Many Requests\r\n${retryAfter(fault)}Connection: close\r\n\r\n`);
  });
  const stopCutting = faults.onSet.add((fault) => {
    if (fault.kind === "down" || isPlainDrop(fault))
      for (const client of webSockets.clients) client.terminate();
  });
  await listen(http, host, port);
  return {
    host,
    port: (http.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        stopCutting();
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

type HttpDeps = { faults: FaultBoard; rpc: (text: string) => string | undefined };

async function answerHttp(
  request: IncomingMessage,
  response: ServerResponse,
  loopback: boolean,
  { faults, rpc }: HttpDeps,
): Promise<void> {
  const reply = (status: number, body: string) => {
    response.writeHead(status, { "content-type": "application/json" }).end(body);
  };
  if (!isTrusted(request, loopback)) return reply(403, '{"error":"this host or origin is not allowed"}');
  if (request.method === "GET" && request.url === "/health") {
    const answer = JSON.parse(rpc('{"jsonrpc":"2.0","id":0,"method":"system_health"}')!) as {
      result: unknown;
    };
    return reply(200, JSON.stringify(answer.result));
  }
  if (request.method !== "POST") return reply(405, '{"error":"use POST, or a WebSocket"}');
  // A page of another origin can send a form, but not this type: a browser asks first, and gets no.
  if (!request.headers["content-type"]?.startsWith("application/json"))
    return reply(415, '{"error":"send application/json"}');
  try {
    const body = await readBody(request);
    if (body === undefined) {
      response.setHeader("connection", "close");
      return reply(413, '{"error":"the request is too large"}');
    }
    const fault = faultOfRequest(faults, body);
    if (fault === undefined) return reply(200, rpc(body) ?? "");
    if (fault.kind === "cut") response.destroy();
    if (fault.kind === "busy") {
      if (fault.retryAfterS !== undefined) response.setHeader("retry-after", fault.retryAfterS);
      reply(429, '{"error":"too many requests"}');
    }
    if (fault.kind !== "answer") return;
    const text = rpc(body) ?? "";
    if (fault.lost) response.destroy();
    else if (fault.instead === "frame") response.socket?.end("this is no HTTP\r\n\r\n");
    else {
      const { instead = (unchanged: string) => unchanged, delayMs } = fault;
      setTimeout(() => reply(200, instead(text)), delayMs).unref();
    }
  } catch {
    response.destroy(); // the client went away in the middle of its request
  }
}

/** @returns undefined when it is too large; then the rest of it is not read */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  if (Number(request.headers["content-length"]) > MAX_REQUEST_BYTES) return undefined;
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MAX_REQUEST_BYTES) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function retryAfter({ retryAfterS }: { retryAfterS: number | undefined }): string {
  return retryAfterS === undefined ? "" : `Retry-After: ${retryAfterS}\r\n`;
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
