import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { Keypair } from "../shared/keys/keypair.ts";
import type { Failure } from "../shared/reasons.ts";
import type { Message } from "../shared/template.ts";
import { checkHeaders, DEFAULT_WINDOW, type VerifiedRequest, verifyBody } from "../shared/wire/btauth.ts";
import { encodeMessage, MESSAGE_CONTENT_TYPE } from "../shared/wire/message.ts";
import { createNonceSource, unixNs } from "../shared/wire/nonce.ts";
import { signReply } from "../shared/wire/reply.ts";

/*
 * Miners that misbehave, T26 to T28: each does one thing wrong, and each has a name under which a validator refuses it.
 */

/** What a miner got, and the ways it has to answer. */
export type Heard = {
  request: IncomingMessage;
  response: ServerResponse;
  socket: Socket;
  /** Of btauth/1. @throws Error when it is not signed as it should be */
  verified(): VerifiedRequest;
};

export type Adversary = {
  name: string;
  /** Made anew for each miner; it answers one question after the other. */
  make(miner: Keypair): (heard: Heard) => unknown;
  /** Why the last answer is none. */
  reason: Failure;
  /** In the convention that signs no answers; undefined: not a lie there. */
  v10Reason: Failure | undefined;
  /** Honest about that many questions before. */
  honestFirst?: number;
};

const BINARY = { "content-type": MESSAGE_CONTENT_TYPE };
const nextNonce = createNonceSource();

/** Everything a dendrite takes for signed: the headers of a good answer with this body. */
export function signedHeaders(
  heard: Pick<Heard, "verified">,
  miner: Keypair,
  body: Uint8Array,
  { status = 200, contentType = MESSAGE_CONTENT_TYPE, request = heard.verified() } = {},
): Record<string, string> {
  const signed = signReply({ status, contentType, body, signer: miner, request, nonce: nextNonce() });
  return { ...signed, "content-type": contentType };
}

export function answerWell(heard: Heard, miner: Keypair, message: Message = { echo: 1 }): void {
  const body = encodeMessage(message);
  heard.response.writeHead(200, signedHeaders(heard, miner, body)).end(body);
}

const simple = (
  name: string,
  reasons: Failure | readonly [Failure, Failure | undefined],
  answer: (heard: Heard, miner: Keypair) => unknown,
): Adversary => {
  const [reason, v10Reason] = typeof reasons === "string" ? [reasons, reasons] : reasons;
  return { name, reason, v10Reason, make: (miner) => (heard) => answer(heard, miner) };
};

export const ADVERSARIES: readonly Adversary[] = [
  simple("points to another address", "redirected", ({ response }) =>
    response.writeHead(307, { location: "http://169.254.169.254/latest/meta-data" }).end(),
  ),
  simple("points to itself for ever", "redirected", ({ response, request }) =>
    response.writeHead(302, { location: request.url }).end(),
  ),
  simple("sends a bomb of zeros, compressed", "answer-compressed", ({ response }) => {
    const bomb = gzipSync(Buffer.alloc(1_000_000));
    response.writeHead(200, { ...BINARY, "content-encoding": "gzip" }).end(bomb);
  }),
  simple("has a header without end", "header-too-large", ({ socket }) => {
    socket.write("HTTP/1.1 200 OK\r\nx: ");
    pour(socket, "x".repeat(1_000));
  }),
  simple("has headers without end", "header-too-large", ({ socket }) => {
    socket.write("HTTP/1.1 200 OK\r\n");
    pour(socket, "x: y\r\n".repeat(100));
  }),
  simple("says again and again that it is about to answer", "header-too-large", ({ socket }) =>
    pour(socket, "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(10)),
  ),
  simple("has a body without end", "answer-too-large", ({ socket }) => {
    socket.write("HTTP/1.1 200 OK\r\ncontent-type: x/y\r\n\r\n");
    pour(socket, "x".repeat(1_000));
  }),
  simple("has chunks of one byte without end", "answer-too-large", ({ socket }) => {
    socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
    pour(socket, "1\r\nx\r\n".repeat(1_000));
  }),
  simple("promises gigabytes and sends nothing", "answer-too-large", ({ socket }) =>
    socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9000000000\r\n\r\n"),
  ),
  simple("never answers", "timeout", () => undefined),
  simple("lets its head drip", "timeout", ({ socket }) => {
    socket.write("HTTP/1.1 200 OK\r\nx: ");
    drip(socket);
  }),
  simple("lets its body drip", "answer-too-slow", ({ socket }) => {
    socket.write("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n");
    drip(socket);
  }),
  simple("ends before the length it promised", "wrong-length", ({ socket }) =>
    socket.end("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhello"),
  ),
  simple("ends in the middle of a chunk", "wrong-length", ({ socket }) =>
    socket.end("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\nhello"),
  ),
  simple("promises two lengths", "wrong-length", ({ socket }) =>
    socket.write("HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello"),
  ),
  simple("sends more than the length it promised", ["bad-signature", "wrong-shape"], (heard, miner) => {
    const body = encodeMessage({ echo: 1 });
    const lines = Object.entries(isBtauth(heard) ? signedHeaders(heard, miner, body) : BINARY);
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    heard.socket.write(`HTTP/1.1 200 OK\r\n${head}content-length: 4\r\n\r\n`);
    heard.socket.write(body);
  }),
  simple("speaks another language", "not-http", ({ socket }) =>
    socket.write("-ERR unknown command 'POST'\r\n"),
  ),
  simple("breaks the connection off", "connect-failed", ({ socket }) => socket.destroy()),
  ...[201, 204, 206].map((status) =>
    simple(`answers well, with status ${status}`, "wrong-status", (heard, miner) => {
      const body = encodeMessage({ echo: 1 });
      const headers = isBtauth(heard) ? signedHeaders(heard, miner, body, { status }) : BINARY;
      heard.response.writeHead(status, headers).end(status === 204 ? undefined : body);
    }),
  ),
  simple("signs another status than it sends", ["bad-signature", undefined], (heard, miner) => {
    const body = encodeMessage({ echo: 1 });
    heard.response.writeHead(200, signedHeaders(heard, miner, body, { status: 500 })).end(body);
  }),
  simple("says 500 and sends a good answer", "refused", (heard, miner) => {
    const body = encodeMessage({ echo: 1 });
    heard.response.writeHead(500, isBtauth(heard) ? signedHeaders(heard, miner, body) : BINARY).end(body);
  }),
  simple("signs nothing", ["bad-signature", undefined], ({ response }) =>
    response.writeHead(200, BINARY).end(encodeMessage({ echo: 1 })),
  ),
  simple("lets somebody else sign", ["bad-signature", undefined], (heard) =>
    answerWell(heard, Keypair.fromUri("//Eve")),
  ),
  simple("changes its answer after signing", ["bad-signature", undefined], (heard, miner) => {
    const headers = signedHeaders(heard, miner, encodeMessage({ echo: 1 }));
    heard.response.writeHead(200, headers).end(encodeMessage({ echo: 2 }));
  }),
  {
    name: "gives its last answer again",
    ...{ reason: "answer-replayed", v10Reason: undefined, honestFirst: 1 },
    make: (miner) => {
      const body = encodeMessage({ echo: 1 });
      let headers: Record<string, string> | undefined;
      return (heard) => {
        headers ??= signedHeaders(heard, miner, body);
        heard.response.writeHead(200, headers).end(body);
      };
    },
  },
  {
    name: "answers the question before this one",
    ...{ reason: "wrong-question", v10Reason: undefined, honestFirst: 1 },
    make: (miner) => {
      const body = encodeMessage({ echo: 1 });
      let first: VerifiedRequest | undefined;
      return (heard) => {
        first ??= heard.verified();
        heard.response.writeHead(200, signedHeaders(heard, miner, body, { request: first })).end(body);
      };
    },
  },
];

export type AdversaryServer = { port: number; openSockets(): number; close(): Promise<void> };

/** A miner on a free port of this machine that answers as it is told. */
export async function startAdversary(
  miner: Keypair,
  answer: (heard: Heard) => unknown,
): Promise<AdversaryServer> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { socket } = request;
    socket.on("error", () => undefined); // whoever asked hung up
    answer({ request, response, socket, verified: () => verify(request, Buffer.concat(chunks), miner) });
  });
  let open = 0;
  server.on("connection", (socket) => {
    open++;
    socket.on("close", () => open--);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as { port: number }).port,
    openSockets: () => open,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A port where nobody listens. */
export async function closedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

function verify(request: IncomingMessage, body: Uint8Array, miner: Keypair): VerifiedRequest {
  const rules = { self: miner.address, window: DEFAULT_WINDOW, requireReceiver: true };
  const claimed = checkHeaders(request.headersDistinct, rules, unixNs());
  if (!claimed.ok) throw new Error(claimed.code);
  const checked = verifyBody(claimed, { method: request.method!, target: request.url!, body });
  if (!checked.ok) throw new Error(checked.code);
  return checked;
}

function isBtauth({ request }: Heard): boolean {
  return request.headers["x-bittensor-version"] !== undefined;
}

/** For as long as somebody reads. */
function pour(socket: Socket, text: string): void {
  const more = (): void => {
    if (socket.destroyed) return;
    socket.write(text);
    setImmediate(more);
  };
  more();
}

function drip(socket: Socket): void {
  const timer = setInterval(() => socket.write("x"), 20);
  socket.on("close", () => clearInterval(timer));
}
