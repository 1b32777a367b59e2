import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Keypair, keysReady, verifyWith } from "../shared/keys/keypair.ts";
import type { Message } from "../shared/template.ts";
import { tensor } from "../shared/tensor.ts";
import type { V10Synapse } from "../shared/v10-synapse.ts";
import { DEFAULT_WINDOW, type WireHeaders } from "../shared/wire/btauth.ts";
import { decodeMessage, encodeMessage, MESSAGE_CONTENT_TYPE } from "../shared/wire/message.ts";
import { bodyHash } from "../shared/wire/v10/body-hash.ts";
import { parsePythonJson, printPythonJson } from "../shared/wire/v10/python-json.ts";
import type { PythonDict } from "../shared/wire/v10/python-value.ts";
import { fromMessage, readBody, toQuestion } from "../shared/wire/v10/synapse-body.ts";
import { v10 } from "../shared/wire/v10/v10.ts";
import { ADVERSARIES } from "./adversaries.test-kit.ts";
import type { Question, Reply } from "./asking.ts";
import { V10Dendrite } from "./v10-dendrite.ts";

const ADD: V10Synapse = {
  name: "Add",
  fields: {
    a: { type: "int" },
    scale: { type: "float", default: 1.5 },
    x: { type: "tensor", default: null },
    y: { type: "tensor", default: null, output: true },
    sum: { type: "float", default: null, output: true },
  },
  requiredHashFields: ["a", "x"],
};

type Handler = (request: IncomingMessage, body: Buffer, response: ServerResponse) => void;

let answer: Handler;
const seen: { nonce: bigint; uuid: string; arrived: number }[] = [];
const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { bt_header_dendrite_nonce: nonce, bt_header_dendrite_uuid: uuid } = request.headers;
  seen.push({ nonce: BigInt(String(nonce)), uuid: String(uuid), arrived: seen.length });
  answer(request, Buffer.concat(chunks), response);
});
let alice: Keypair;
let bob: Keypair;
let dendrite: V10Dendrite;
beforeAll(async () => {
  await keysReady();
  [alice, bob] = [Keypair.fromUri("//Alice"), Keypair.fromUri("//Bob")];
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  dendrite = new V10Dendrite(alice, { allowPrivate: true });
});
afterAll(async () => {
  await dendrite.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const x = tensor("float32", [2, 1], Float32Array.of(1, -2));

function ask(
  change: Partial<Question> & { message?: Message; ip?: string } = {},
): Promise<Reply | undefined> {
  const { message = { a: 40, x }, ip = "127.0.0.1", ...more } = change;
  const { port } = server.address() as AddressInfo;
  const body = encodeMessage(message);
  return dendrite.ask(
    { hotkey: bob.address, ip, port },
    {
      ...{ route: "/add/ask", body, timeoutMs: 2_000, untilMs: Date.now() + 60_000, maxResponseBytes: 4_096 },
      ...{ v10: ADD, ...more },
    },
  );
}

/** Echo with outputs, as a Python axon answers. */
const echo: Handler = (_request, body, response) => {
  const dict = parsePythonJson(body) as PythonDict;
  const outputs = fromMessage(ADD, { sum: 42, y: x }, "outputs");
  response.writeHead(200, { "content-type": "application/json", bt_header_axon_status_code: "200" });
  response.end(printPythonJson(new Map([...dict, ...outputs])));
};

const reply =
  (status: number, body: string, headers: Record<string, string> = {}): Handler =>
  (_request, _body, response) =>
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);

describe("a v10 dendrite", () => {
  test("sends what a Python axon verifies: headers, empty inputs, hash and body", async () => {
    let question: Message | undefined;
    let verdict: unknown;
    answer = (request, body, response) => {
      const headers = request.headers as WireHeaders;
      const rules = { self: bob.address, window: DEFAULT_WINDOW, requireReceiver: true };
      const values = readBody(ADD, parsePythonJson(body));
      question = toQuestion(ADD, values);
      const claimed = v10.parseHeaders(headers, rules);
      const fresh = claimed.ok ? v10.checkClaim(claimed, rules, BigInt(Date.now()) * 1_000_000n) : claimed;
      const sent = { method: "POST", target: "/Add", body };
      verdict = fresh.ok
        ? v10.verify(fresh, sent, bob.address, (...args) => verifyWith("sr25519", ...args))
        : fresh;
      expect(request.url).toBe("/Add");
      expect(headers).toMatchObject({
        ...{ name: "Add", timeout: "2.0", bt_header_dendrite_version: "10002000" },
        ...{ bt_header_input_obj_a: "MA==", bt_header_axon_hotkey: bob.address },
        computed_body_hash: bodyHash(ADD, values),
      });
      echo(request, body, response);
    };
    const got = await ask();
    expect(question).toEqual({ a: 40, scale: 1.5, x });
    expect(verdict).toMatchObject({ ok: true, sender: alice.address, protocol: "v10" });
    expect(got).toMatchObject({ ok: true });
    const message = decodeMessage((got as { body: Uint8Array }).body, MESSAGE_CONTENT_TYPE, {
      maxBytes: 4_096,
    });
    expect(message).toEqual({ y: x, sum: 42 });
  });

  test("lets nonces rise for each uuid in the order of arrival, and no nonce comes twice", async () => {
    answer = echo;
    seen.length = 0;
    const replies = await Promise.all(Array.from({ length: 12 }, () => ask()));
    expect(replies.every((got) => got?.ok)).toBe(true);
    const uuids = new Set(seen.map(({ uuid }) => uuid));
    expect(uuids.size).toBe(2);
    for (const uuid of uuids) {
      const nonces = seen.filter((request) => request.uuid === uuid).map(({ nonce }) => nonce);
      expect(nonces).toEqual([...nonces].sort((a, b) => (a < b ? -1 : 1)));
    }
    expect(new Set(seen.map(({ nonce }) => nonce)).size).toBe(seen.length);
  });

  const full = JSON.stringify({ a: 40, axon: { status_code: 200 }, sum: 1 });
  test.each([
    ["a refusal", reply(401, '{"message":"Not Verified"}'), "refused"],
    ["a blacklist", reply(403, '{"message":"Forbidden"}'), "refused"],
    ["a status in the headers alone", reply(200, full, { bt_header_axon_status_code: "403" }), "refused"],
    ["no status at all", reply(200, '{"a": 40, "sum": 1}'), "wrong-shape"],
    ["no JSON", reply(200, "hello"), "wrong-shape"],
    ["a page", reply(200, full, { "content-type": "text/html" }), "wrong-shape"],
    ["a missing required field", reply(200, '{"axon": {"status_code": 200}}'), "wrong-shape"],
    [
      "a broken tensor",
      reply(200, full.replace('"sum":1', '"y":{"buffer":"","dtype":"float32","shape":[1]}')),
      "wrong-shape",
    ],
    ["more than it was asked for", reply(200, " ".repeat(100_000)), "answer-too-large"],
    ["its own timeout", reply(504, '{"message":"late"}'), "timeout"],
  ] satisfies [string, Handler, string][])("takes %s as data", async (_what, handler, reason) => {
    answer = handler;
    expect(await ask()).toMatchObject({ ok: false, reason });
  });

  test.each(ADVERSARIES.filter(({ v10Reason }) => v10Reason !== undefined))(
    "T26, T27: refuses a miner that $name: $v10Reason",
    async ({ make, v10Reason }) => {
      const wrong = make(bob);
      answer = (request, _body, response) =>
        wrong({ request, response, socket: request.socket, verified: () => raise("nobody signs here") });
      const timeoutMs = ["timeout", "answer-too-slow"].includes(v10Reason!) ? 300 : 2_000;
      expect(await ask({ timeoutMs })).toMatchObject({ ok: false, reason: v10Reason });
    },
  );

  test("calls no address that the policy refuses, and no miner whose question has no v10 form", async () => {
    expect(await ask({ ip: "169.254.169.254" })).toMatchObject({ ok: false, reason: "address-refused" });
    expect(await ask({ v10: undefined })).toMatchObject({ ok: false, reason: "validator-outage" });
    expect(await ask({ message: { a: "many" } })).toMatchObject({ ok: false, reason: "validator-outage" });
  });
});

function raise(what: string): never {
  throw new Error(what);
}
