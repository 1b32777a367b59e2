import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { Keypair, keysReady } from "../shared/keys/keypair.ts";
import type { Message } from "../shared/template.ts";
import { checkHeaders, DEFAULT_WINDOW, type VerifiedRequest, verifyBody } from "../shared/wire/btauth.ts";
import {
  decodeMessage,
  encodeJsonMessage,
  encodeMessage,
  MESSAGE_CONTENT_TYPE,
} from "../shared/wire/message.ts";
import { createNonceSource, unixNs } from "../shared/wire/nonce.ts";
import { refusalBody } from "../shared/wire/refusals.ts";
import { signReply } from "../shared/wire/reply.ts";
import type { Question, Reply } from "./asking.ts";
import { Dendrite } from "./dendrite.ts";

const LIMIT = 4_096;

let validator: Keypair;
let miner: Keypair;
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  await keysReady();
  validator = Keypair.fromUri("//Bob");
  miner = Keypair.fromUri("//Charlie");
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

describe("an answer", () => {
  it("comes back when the miner signed it for this question", async () => {
    const port = await serve((request, response) => answer(request, response, { echo: 1 }));
    const reply = await ask(port);
    expect(reply).toMatchObject({ ok: true });
    expect(message(reply)).toEqual({ echo: 1 });
    expect(reply.latencyMs).toBeGreaterThan(0);
  });

  it("in JSON is kept as a frame like the others", async () => {
    const port = await serve((request, response) =>
      send(request, response, encodeJsonMessage({ echo: 2 }), "application/json"),
    );
    expect(message(await ask(port))).toEqual({ echo: 2 });
  });

  it.each<[string, Handler, string]>([
    [
      "is not signed",
      (_, response) => response.writeHead(200, { "content-type": MESSAGE_CONTENT_TYPE }).end("x"),
      "bad-signature",
    ],
    [
      "is signed by somebody else",
      (request, response) => answer(request, response, { a: 1 }, Keypair.fromUri("//Eve")),
      "bad-signature",
    ],
    ["was changed on its way", (request, response) => tampered(request, response), "bad-signature"],
    [
      "is larger than agreed",
      (request, response) => send(request, response, new Uint8Array(LIMIT + 1), MESSAGE_CONTENT_TYPE),
      "answer-too-large",
    ],
    ["never ends", (_, response) => endless(response), "answer-too-large"],
    [
      "is no message",
      (request, response) => send(request, response, Buffer.from("hi"), "application/json"),
      "wrong-shape",
    ],
    ["has no type", (_, response) => response.writeHead(200).end("x"), "wrong-shape"],
    [
      "has endless headers",
      (_, response) => response.writeHead(200, { big: "x".repeat(20_000) }).end(),
      "header-too-large",
    ],
    ["is no HTTP", (_, response) => response.socket!.write("nonsense\r\n\r\n"), "not-http"],
    ["points elsewhere", (_, response) => response.writeHead(307, { location: "/other" }).end(), "redirected"],
    ["refuses the caller", (_, response) => refuse(response, 403, "BTAUTH_NOT_WELCOME"), "refused"],
    ["says the question is none", (_, response) => refuse(response, 400, "AXON_BAD_REQUEST"), "refused"],
    ["says it failed", (_, response) => refuse(response, 500, "AXON_FAILED"), "refused"],
    ["says it ran out of time", (_, response) => refuse(response, 504, "AXON_DEADLINE"), "timeout"],
    ["never comes", () => undefined, "timeout"],
    ["drips", (_, response) => drip(response), "answer-too-slow"],
    ["breaks off", (_, response) => response.socket!.destroy(), "connect-failed"],
  ])("that %s is no answer", async (_, handler, reason) => {
    expect(await ask(await serve(handler), { timeoutMs: 700 })).toMatchObject({ ok: false, reason });
  });

  it("is not waited for where nobody listens, or where nobody may be called", async () => {
    const port = await closedPort();
    expect(await ask(port)).toMatchObject({ ok: false, reason: "connect-failed" });
    const strict = new Dendrite(validator, { allowPrivate: false });
    closing.push(() => strict.close());
    const target = { hotkey: miner.address, ip: "127.0.0.1", port };
    expect(await strict.ask(target, question())).toMatchObject({ ok: false, reason: "address-refused" });
  });

  it("ends at the deadline when somebody accepts and never speaks", async () => {
    const mute = createTcpServer().listen(0, "127.0.0.1");
    await once(mute, "listening");
    closing.push(() => mute.close());
    const port = (mute.address() as { port: number }).port;
    expect(await ask(port, { timeoutMs: 200 })).toMatchObject({ ok: false, reason: "timeout" });
  });
});

describe("another try", () => {
  it("with a new nonce follows a stale or replayed one, once", async () => {
    for (const code of ["BTAUTH_STALE", "BTAUTH_REPLAYED"] as const) {
      const nonces: string[] = [];
      const port = await serve((request, response) => {
        nonces.push(String(request.headers["x-bittensor-nonce"]));
        if (nonces.length === 1) refuse(response, 401, code);
        else void answer(request, response, { echo: 3 });
      });
      expect(message(await ask(port))).toEqual({ echo: 3 });
      expect(new Set(nonces).size).toBe(2);
    }
    let tries = 0;
    const port = await serve((_, response) => {
      tries++;
      refuse(response, 401, "BTAUTH_STALE");
    });
    expect(await ask(port)).toMatchObject({ ok: false, reason: "refused" });
    expect(tries).toBe(2);
  });

  it("follows a busy miner until the deadline, as late as it asks for", async () => {
    let tries = 0;
    const port = await serve((request, response) => {
      tries++;
      if (tries === 1) response.writeHead(429, { "retry-after": "1" }).end(refusalBody("BTAUTH_BUSY"));
      else void answer(request, response, { echo: 4 });
    });
    const reply = await ask(port, { timeoutMs: 4_000 });
    expect(message(reply)).toEqual({ echo: 4 });
    expect(reply.latencyMs).toBeGreaterThan(900); // the pause is the miner's, and counts

    const busy = await serve((_, response) => refuse(response, 429, "BTAUTH_BUSY"));
    expect(await ask(busy, { timeoutMs: 500 })).toMatchObject({ ok: false, reason: "rate-limited" });
  });

  it("never follows a refusal for good", async () => {
    let tries = 0;
    const port = await serve((_, response) => {
      tries++;
      refuse(response, 401, "BTAUTH_BAD_SIGNATURE");
    });
    await ask(port);
    expect(tries).toBe(1);
  });
});

describe("one miner", () => {
  it("is not blamed when nobody can wait any longer, for its answer or for a socket to it", async () => {
    const port = await serve(() => undefined);
    const dendrite = make();
    const target = { hotkey: miner.address, ip: "127.0.0.1", port };
    const short = () => dendrite.ask(target, question({ untilMs: Date.now() + 100 }));
    expect(await Promise.all([short(), short(), short()])).toEqual([undefined, undefined, undefined]);
  });

  it("holds at most two sockets, and what waits for one is signed when it is sent", async () => {
    let open = 0;
    let most = 0;
    const port = await serve(async (request, response) => {
      most = Math.max(most, ++open);
      await new Promise((resolve) => setTimeout(resolve, 30));
      await answer(request, response, { echo: 5 });
      open--;
    });
    const dendrite = make();
    const target = { hotkey: miner.address, ip: "127.0.0.1", port };
    const replies = await Promise.all(Array.from({ length: 8 }, () => dendrite.ask(target, question())));
    expect(replies.every((reply) => reply?.ok)).toBe(true);
    expect(most).toBe(2);
  });
});

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

function make(): Dendrite {
  const dendrite = new Dendrite(validator, { allowPrivate: true });
  closing.push(() => dendrite.close());
  return dendrite;
}

function question(part: Partial<Question> = {}): Question {
  const body = encodeMessage({ question: 1 });
  return {
    route: "/hello/greet",
    body,
    timeoutMs: 3_000,
    untilMs: Date.now() + 60_000,
    maxResponseBytes: LIMIT,
    ...part,
  };
}

async function ask(port: number, part: Partial<Question> = {}): Promise<Reply> {
  return (await make().ask({ hotkey: miner.address, ip: "127.0.0.1", port }, question(part)))!;
}

function message(reply: Reply): Message | undefined {
  return reply.ok ? decodeMessage(reply.body, MESSAGE_CONTENT_TYPE, { maxBytes: LIMIT }) : undefined;
}

async function serve(handler: Handler): Promise<number> {
  const server: Server = createServer((request, response) => void handler(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as { port: number }).port;
}

async function verified(request: IncomingMessage): Promise<VerifiedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const rules = { self: miner.address, window: DEFAULT_WINDOW, requireReceiver: true };
  const claimed = checkHeaders(request.headersDistinct, rules, unixNs());
  if (!claimed.ok) throw new Error(claimed.code);
  const { method, url } = request;
  const checked = verifyBody(claimed, { method: method!, target: url!, body: Buffer.concat(chunks) });
  if (!checked.ok) throw new Error(checked.code);
  return checked;
}

function answer(request: IncomingMessage, response: ServerResponse, reply: Message, signer = miner) {
  return send(request, response, encodeMessage(reply), MESSAGE_CONTENT_TYPE, signer);
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  body: Uint8Array,
  contentType: string,
  signer = miner,
  sent = body,
): Promise<void> {
  const head = { status: 200, contentType };
  const nonce = createNonceSource()();
  const headers = signReply({ ...head, body, signer, request: await verified(request), nonce });
  response.writeHead(200, { ...headers, "content-type": contentType }).end(sent);
}

function tampered(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [body, other] = [encodeMessage({ a: 1 }), encodeMessage({ a: 2 })];
  return send(request, response, body, MESSAGE_CONTENT_TYPE, miner, other);
}

function refuse(response: ServerResponse, status: number, code: Parameters<typeof refusalBody>[0]): void {
  response.writeHead(status, { "content-type": "application/json" }).end(refusalBody(code));
}

function endless(response: ServerResponse): void {
  response.writeHead(200, { "content-type": MESSAGE_CONTENT_TYPE });
  const more = (): void => {
    if (response.destroyed) return;
    response.write("x".repeat(1_000));
    setImmediate(more);
  };
  more();
}

function drip(response: ServerResponse): void {
  response.writeHead(200, { "content-type": MESSAGE_CONTENT_TYPE });
  const timer = setInterval(() => response.write("x"), 20);
  response.on("close", () => clearInterval(timer));
}

async function closedPort(): Promise<number> {
  const server = createTcpServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
