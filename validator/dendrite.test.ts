import { once } from "node:events";
import { createServer as createTcpServer } from "node:net";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { Keypair, keysReady } from "../shared/keys/keypair.ts";
import type { Message } from "../shared/template.ts";
import {
  decodeMessage,
  encodeJsonMessage,
  encodeMessage,
  MESSAGE_CONTENT_TYPE,
} from "../shared/wire/message.ts";
import { refusalBody } from "../shared/wire/refusals.ts";
import {
  ADVERSARIES,
  answerWell,
  closedPort,
  type Heard,
  signedHeaders,
  startAdversary,
} from "./adversaries.test-kit.ts";
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

describe("T26, T27: a miner that", () => {
  it.each(ADVERSARIES)("$name is refused: $reason", async ({ make, honestFirst = 0, reason }) => {
    const port = await serve(make(miner));
    const dendrite = open();
    const target = { hotkey: miner.address, ip: "127.0.0.1", port };
    for (let asked = 0; asked < honestFirst; asked++) {
      expect(await dendrite.ask(target, question())).toMatchObject({ ok: true });
    }
    const short = ["timeout", "answer-too-slow"].includes(reason) ? { timeoutMs: 300 } : {};
    expect(await dendrite.ask(target, question(short))).toMatchObject({ ok: false, reason });
  });
});

describe("an answer", () => {
  it("comes back when the miner signed it for this question", async () => {
    const port = await serve((heard) => answerWell(heard, miner));
    const reply = await ask(port);
    expect(message(reply)).toEqual({ echo: 1 });
    expect(reply.latencyMs).toBeGreaterThan(0);
  });

  it("P6: is taken when we stood still past its deadline, and counts as quick as it was", async () => {
    const port = await serve((heard) => {
      answerWell(heard, miner);
      const until = performance.now() + 600;
      while (performance.now() < until); // nothing is read, whatever arrives
    });
    const reply = await ask(port, { timeoutMs: 300 });
    expect(message(reply)).toEqual({ echo: 1 });
    expect(reply.latencyMs).toBeLessThan(300);
  });

  it("may come in many small chunks, up to the limit and no further", async () => {
    const send = (size: number) => (heard: Heard) => {
      const body = new Uint8Array(size);
      heard.response.writeHead(200, signedHeaders(heard, miner, body));
      for (let at = 0; at < size; at += 7) heard.response.write(body.subarray(at, at + 7));
      heard.response.end();
    };
    const whole = await ask(await serve(send(LIMIT)));
    expect(whole.ok && whole.body.length).toBe(LIMIT);
    expect(await ask(await serve(send(LIMIT + 1)))).toMatchObject({ ok: false, reason: "answer-too-large" });
  });

  it("is asked for directly, whatever proxy the environment names", async () => {
    const port = await serve((heard) => answerWell(heard, miner));
    const nowhere = `http://127.0.0.1:${await closedPort()}`;
    for (const name of ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "NODE_USE_ENV_PROXY"])
      vi.stubEnv(name, nowhere);
    closing.push(() => vi.unstubAllEnvs());
    expect(await ask(port)).toMatchObject({ ok: true });
  });

  it("in JSON is kept as a frame like the others", async () => {
    const body = encodeJsonMessage({ echo: 2 });
    const port = await serve((heard) =>
      heard.response
        .writeHead(200, signedHeaders(heard, miner, body, { contentType: "application/json" }))
        .end(body),
    );
    expect(message(await ask(port))).toEqual({ echo: 2 });
  });

  it.each<[string, (heard: Heard) => unknown, string]>([
    [
      "is no message",
      (heard) => {
        const headers = signedHeaders(heard, miner, Buffer.from("hi"), { contentType: "application/json" });
        heard.response.writeHead(200, headers).end("hi");
      },
      "wrong-shape",
    ],
    ["has no type", ({ response }) => response.writeHead(200).end("x"), "wrong-shape"],
    ["refuses the caller", ({ response }) => refuse(response, 403, "BTAUTH_NOT_WELCOME"), "refused"],
    ["says the question is none", ({ response }) => refuse(response, 400, "AXON_BAD_REQUEST"), "refused"],
    ["says it failed", ({ response }) => refuse(response, 500, "AXON_FAILED"), "refused"],
    ["says it ran out of time", ({ response }) => refuse(response, 504, "AXON_DEADLINE"), "timeout"],
  ])("that %s is no answer", async (_, handler, reason) => {
    expect(await ask(await serve(handler))).toMatchObject({ ok: false, reason });
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
      const port = await serve(({ request, response, ...heard }) => {
        nonces.push(String(request.headers["x-bittensor-nonce"]));
        if (nonces.length === 1) refuse(response, 401, code);
        else answerWell({ request, response, ...heard }, miner, { echo: 3 });
      });
      expect(message(await ask(port))).toEqual({ echo: 3 });
      expect(new Set(nonces).size).toBe(2);
    }
    let tries = 0;
    const port = await serve(({ response }) => {
      tries++;
      refuse(response, 401, "BTAUTH_STALE");
    });
    expect(await ask(port)).toMatchObject({ ok: false, reason: "refused" });
    expect(tries).toBe(2);
  });

  it("follows a busy miner until the deadline, as late as it asks for", async () => {
    let tries = 0;
    const port = await serve((heard) => {
      tries++;
      if (tries === 1) heard.response.writeHead(429, { "retry-after": "1" }).end(refusalBody("BTAUTH_BUSY"));
      else answerWell(heard, miner, { echo: 4 });
    });
    const reply = await ask(port, { timeoutMs: 4_000 });
    expect(message(reply)).toEqual({ echo: 4 });
    expect(reply.latencyMs).toBeGreaterThan(900); // the pause is the miner's, and counts

    const busy = await serve(({ response }) => refuse(response, 429, "BTAUTH_BUSY"));
    expect(await ask(busy, { timeoutMs: 500 })).toMatchObject({ ok: false, reason: "rate-limited" });
  });

  it("never follows a refusal for good", async () => {
    let tries = 0;
    const port = await serve(({ response }) => {
      tries++;
      refuse(response, 401, "BTAUTH_BAD_SIGNATURE");
    });
    await ask(port);
    expect(tries).toBe(1);
  });
});

describe("T28: many miners", () => {
  it("hold no more sockets than all together may, and each has its turn", async () => {
    const servers = await Promise.all(
      Array.from({ length: 6 }, () => startAdversary(miner, (heard) => answerWell(heard, miner))),
    );
    closing.push(() => Promise.all(servers.map((server) => server.close())));
    const dendrite = open(4);
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(
        most,
        servers.reduce((sum, server) => sum + server.openSockets(), 0),
      );
    }, 1);
    const replies = await Promise.all(
      servers.flatMap(({ port }) =>
        [1, 2, 3].map(() => dendrite.ask({ hotkey: miner.address, ip: "127.0.0.1", port }, question())),
      ),
    );
    clearInterval(watch);
    expect(replies.every((reply) => reply?.ok)).toBe(true);
    expect(most).toBeLessThanOrEqual(4 + 2); // a socket that we closed may still be open there
  });

  it("that never answer keep nobody beyond the end, and nobody is blamed who had no turn", async () => {
    const ports = await Promise.all(Array.from({ length: 5 }, () => serve(() => undefined)));
    const dendrite = open(4);
    const untilMs = Date.now() + 300;
    const replies = await Promise.all(
      ports.map((port) =>
        dendrite.ask({ hotkey: miner.address, ip: "127.0.0.1", port }, question({ untilMs, timeoutMs: 100 })),
      ),
    );
    for (const reply of replies) expect(reply ?? { reason: "timeout" }).toMatchObject({ reason: "timeout" });
  });
});

describe("one miner", () => {
  it("is not blamed when nobody can wait any longer, for its answer or for a socket to it", async () => {
    const port = await serve(() => undefined);
    const dendrite = open();
    const target = { hotkey: miner.address, ip: "127.0.0.1", port };
    const short = () => dendrite.ask(target, question({ untilMs: Date.now() + 100 }));
    expect(await Promise.all([short(), short(), short()])).toEqual([undefined, undefined, undefined]);
  });

  it("holds at most two sockets, and what waits for one is signed when it is sent", async () => {
    let atOnce = 0;
    let most = 0;
    const port = await serve(async (heard) => {
      most = Math.max(most, ++atOnce);
      await new Promise((resolve) => setTimeout(resolve, 30));
      answerWell(heard, miner, { echo: 5 });
      atOnce--;
    });
    const dendrite = open();
    const target = { hotkey: miner.address, ip: "127.0.0.1", port };
    const replies = await Promise.all(Array.from({ length: 8 }, () => dendrite.ask(target, question())));
    expect(replies.every((reply) => reply?.ok)).toBe(true);
    expect(most).toBe(2);
  });
});

function open(maxSockets?: number): Dendrite {
  const dendrite = new Dendrite(validator, { allowPrivate: true }, maxSockets);
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
  return (await open().ask({ hotkey: miner.address, ip: "127.0.0.1", port }, question(part)))!;
}

function message(reply: Reply): Message | undefined {
  return reply.ok ? decodeMessage(reply.body, MESSAGE_CONTENT_TYPE, { maxBytes: LIMIT }) : undefined;
}

async function serve(answer: (heard: Heard) => unknown): Promise<number> {
  const server = await startAdversary(miner, answer);
  closing.push(() => server.close());
  return server.port;
}

function refuse(response: Heard["response"], status: number, code: Parameters<typeof refusalBody>[0]): void {
  response.writeHead(status, { "content-type": "application/json" }).end(refusalBody(code));
}
