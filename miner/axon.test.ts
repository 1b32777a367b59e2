import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { keysReady } from "../shared/keys/keypair.ts";
import { tensor } from "../shared/tensor.ts";
import { signRequest } from "../shared/wire/btauth.ts";
import { encodeJsonMessage, encodeMessage } from "../shared/wire/message.ts";
import { unixNs } from "../shared/wire/nonce.ts";
import { startTestAxon } from "./axon.test-kit.ts";
import type { Question } from "./miner.test-kit.ts";
import { alice, ask, bob, charlie, dave, doublingTemplate } from "./miner.test-kit.ts";

const SECOND_NS = 1_000_000_000n;
const x = (...values: number[]) => tensor("float32", [values.length / 2, 2], Float32Array.from(values));

beforeAll(keysReady);

describe("an axon", () => {
  let miner: Awaited<ReturnType<typeof startTestAxon>>;
  const { template, entered } = doublingTemplate(4_000);
  const lines: string[] = [];
  const log = (event: string, fields?: object) => lines.push(JSON.stringify([event, fields]));

  beforeAll(async () => {
    const logger = { info: log, warn: log, error: log, debug: log };
    const limits = { bodyTimeoutMs: 1_000, headersTimeoutMs: 1_000, failureBurst: 1_000 };
    miner = await startTestAxon({ limits, policy: { minStakeRao: 1_000n }, template, logger });
  });
  afterAll(() => miner.stop());

  test("answers a signed question through its model, and signs the answer", async () => {
    const reply = await ask(miner.url, { message: { x: x(1, 2, 3, 4) } });
    expect(reply).toMatchObject({ status: 200, isSigned: true, answer: { y: x(2, 4, 6, 8) } });
  });

  test("answers in JSON when it is asked in JSON", async () => {
    const body = encodeJsonMessage({ x: x(0.5, -1) });
    const reply = await ask(miner.url, { body, contentType: "application/json" });
    expect(reply).toMatchObject({ isSigned: true, answer: { y: x(1, -2) } });
  });

  const refusals: [string, () => Question, string][] = [
    ["T7: without a receiver", () => ({ receiver: undefined }), "BTAUTH_WRONG_RECEIVER"],
    ["T7: meant for another miner", () => ({ receiver: charlie().address }), "BTAUTH_WRONG_RECEIVER"],
    ["signed 11 s ago", () => ({ nonce: unixNs() - 11n * SECOND_NS }), "BTAUTH_STALE"],
    ["signed an hour ahead", () => ({ nonce: unixNs() + 3_600n * SECOND_NS }), "BTAUTH_STALE"],
    [
      "T3: whose body was changed",
      () => ({ sentBody: encodeMessage({ x: x(1, 3) }) }),
      "BTAUTH_BAD_SIGNATURE",
    ],
    [
      "T9: whose target was changed",
      () => ({ headers: signedHeaders("/double/ask"), target: "/double/ask?x=1" }),
      "BTAUTH_BAD_SIGNATURE",
    ],
    [
      "under another one's name",
      () => ({ signer: charlie(), headers: { "x-bittensor-hotkey": alice().address } }),
      "BTAUTH_BAD_SIGNATURE",
    ],
    [
      "T8: in another signature scheme",
      () => ({ headers: { "x-bittensor-crypto": "ed25519" } }),
      "BTAUTH_BAD_SIGNATURE",
    ],
    ["of an unregistered hotkey", () => ({ signer: dave() }), "BTAUTH_NOT_WELCOME"],
    ["of a hotkey without a permit", () => ({ signer: charlie() }), "BTAUTH_NOT_WELCOME"],
    [
      "T9: with v10 headers beside its own",
      () => ({ headers: { bt_header_dendrite_hotkey: "x" } }),
      "BTAUTH_MALFORMED",
    ],
    [
      "T14: with a compressed body",
      () => ({ headers: { "content-encoding": "gzip" } }),
      "BTAUTH_CONTENT_ENCODING",
    ],
    ["T14: larger than the route allows", () => ({ body: new Uint8Array(100_001) }), "BTAUTH_BODY_TOO_LARGE"],
    ["that is no message", () => ({ body: Buffer.from("hello") }), "AXON_BAD_REQUEST"],
    ["of another content type", () => ({ contentType: "text/plain" }), "AXON_BAD_REQUEST"],
    ["that the template does not take", () => ({ message: { x: "what" } }), "AXON_BAD_REQUEST"],
    ["that breaks the work", () => ({ message: { x: x(1, 2), mode: "break" } }), "AXON_FAILED"],
    ["of an unknown synapse", () => ({ target: "/double/other" }), "AXON_NOT_FOUND"],
    ["of another template", () => ({ target: "/hello/ask" }), "AXON_NOT_FOUND"],
  ];
  test.each(refusals)("%s: a question is refused", async (_what, question, code) => {
    const reply = await ask(miner.url, question());
    expect(reply.code).toBe(code);
    expect(reply.text!.length).toBeLessThanOrEqual(128);
  });

  test.each(["version", "hotkey", "nonce", "signature"])(
    "T1: refuses a question whose %s header is empty or missing",
    async (name) => {
      const header = `x-bittensor-${name}`;
      expect((await ask(miner.url, { headers: { [header]: "" } })).code).toBe("BTAUTH_MALFORMED");
      const { [header]: _left, ...headers } = signedHeaders("/double/ask");
      const reply = await fetch(`${miner.url}/double/ask`, { method: "POST", headers });
      expect(await reply.json()).toMatchObject({ code: "BTAUTH_MALFORMED" });
    },
  );

  test("T4: takes the same question once, and another one with the same nonce not at all", async () => {
    const nonce = unixNs();
    expect((await ask(miner.url, { nonce })).code).toBeUndefined();
    expect((await ask(miner.url, { nonce })).code).toBe("BTAUTH_REPLAYED");
    expect((await ask(miner.url, { nonce, message: { x: x(5, 6) } })).code).toBe("BTAUTH_REPLAYED");
  });

  test("T5: says to a refused nonce from the future nothing that blocks the honest one", async () => {
    expect((await ask(miner.url, { nonce: unixNs() + 3_600n * SECOND_NS })).code).toBe("BTAUTH_STALE");
    expect((await ask(miner.url)).code).toBeUndefined();
  });

  test("T2: ends an answer at the deadline that nobody else can lengthen", async () => {
    const reply = await ask(miner.url, {
      message: { x: x(1, 2), mode: "hold" },
      headers: { timeout: "3600" },
    });
    expect(reply.code).toBe("AXON_DEADLINE");
  });

  test("answers what it was asked, though other questions come in before it looks at the numbers", async () => {
    const { template, release, entered } = doublingTemplate();
    const miner = await startTestAxon({ template });
    const of = (value: number) => x(...Array<number>(20_000).fill(value)); // large enough for memory that is used again
    const asked = ask(miner.url, { message: { x: of(1), mode: "wait" } });
    await expect.poll(() => entered).toEqual(["wait"]);
    expect((await ask(miner.url, { message: { x: of(5) } })).answer).toEqual({ y: of(10) });
    release();
    expect((await asked).answer).toEqual({ y: of(2) });
    await miner.stop();
  });

  test("gives up the work when its caller goes away", async () => {
    const leaving = new AbortController();
    const asked = ask(miner.url, { message: { x: x(1, 2), mode: "hold" }, signal: leaving.signal });
    await expect.poll(() => entered.at(-1)).toBe("hold");
    leaving.abort();
    await expect(asked).rejects.toThrow();
    await expect.poll(() => entered.at(-1), { timeout: 3_500 }).toBe("aborted"); // sooner than its deadline
    expect((await ask(miner.url)).code).toBeUndefined();
  });

  test.each([
    ["T14: a body that drips", "POST /double/ask HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n", "408"],
    [
      "T14: a body of unknown length",
      "POST /double/ask HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n",
      "411",
    ],
    ["a body without a length", "POST /double/ask HTTP/1.1\r\nhost: x\r\n", "411"],
    [
      "T9: a whole URL as the target",
      "POST http://other.example/double/ask HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n",
      "40",
    ],
    [
      "T9: two lengths",
      "POST /double/ask HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n",
      "400",
    ],
    ["no HTTP", "hello\r\n", "400"],
  ])("%s: the connection is closed", async (_what, head, status) => {
    const lines = Object.entries(signedHeaders("/double/ask")).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    const socket = connect(Number(new URL(miner.url).port), "127.0.0.1");
    let text = "";
    socket.setEncoding("utf8").on("data", (part) => {
      text += part;
    });
    socket.write(`${head}${lines.join("")}\r\n`);
    await once(socket, "close");
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status}`));
  });

  test("M9: closes a connection whose headers never end", async () => {
    const socket = connect(Number(new URL(miner.url).port), "127.0.0.1");
    socket.on("error", () => undefined).resume();
    socket.write("POST /double/ask HTTP/1.1\r\nhost: x\r\n");
    await once(socket, "close");
  });

  test("has two public pages that tell nothing", async () => {
    for (const path of ["/health/live", "/health/ready"]) {
      const reply = await fetch(miner.url + path);
      expect([reply.status, await reply.text()]).toEqual([200, '{"ok":true}']);
    }
    for (const path of ["/", "/metrics", "/health", "/double/ask"]) {
      expect((await fetch(miner.url + path)).status, path).toBe(404);
    }
  });

  test("keeps what happened inside to itself and its log free of secrets", async () => {
    const reply = await ask(miner.url, { message: { x: x(1, 2), mode: "break" } });
    expect(reply.text).not.toContain("hunter2");
    const { "x-bittensor-signature": signature } = reply.headers;
    expect(signature).toBeUndefined();
    expect(lines.join()).not.toMatch(/secretKey|0x[0-9a-f]{128}/);
  });
});

/** Headers of a question to the miner, signed for a body that does not matter here. */
function signedHeaders(target: string): Record<string, string> {
  const [signer, receiver, body] = [alice(), bob().address, new Uint8Array()];
  return signRequest({ signer, receiver, method: "POST", target, body, nonce: unixNs() });
}
