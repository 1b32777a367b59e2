import { request } from "undici";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { keysReady } from "../shared/keys/keypair.ts";
import type { Message, Synapse } from "../shared/template.ts";
import { tensor } from "../shared/tensor.ts";
import type { V10Synapse } from "../shared/v10-synapse.ts";
import { createNonceSource, unixNs } from "../shared/wire/nonce.ts";
import { PROTOCOLS } from "../shared/wire/protocols.ts";
import { ReplayStore } from "../shared/wire/replay-store.ts";
import { bodyHash } from "../shared/wire/v10/body-hash.ts";
import { v10Headers } from "../shared/wire/v10/headers.ts";
import { parsePythonJson, printPythonJson } from "../shared/wire/v10/python-json.ts";
import type { PythonDict } from "../shared/wire/v10/python-value.ts";
import { fromMessage, requestBody } from "../shared/wire/v10/synapse-body.ts";
import { signV10, V10_WINDOW } from "../shared/wire/v10/v10.ts";
import { readWireVectors, wireVectorsAbsent } from "../shared/wire/vectors.test-kit.ts";
import { BadRequest } from "./answering.ts";
import { startTestAxon } from "./axon.test-kit.ts";
import { alice, bob, charlie } from "./miner.test-kit.ts";
import { v10Routes } from "./v10-route.ts";

const SECOND_NS = 1_000_000_000n;
const UUID = "5ecbd69c-1cec-11ee-b0dc-e29ce36fec1a";

const ECHO: V10Synapse = {
  name: "Echo",
  fields: {
    query: { type: "str" },
    ids: { type: { list: "int" } },
    scale: { type: "float", default: 1.5 },
    x: { type: "tensor", default: null },
    answer: { type: "str", default: null, output: true },
    y: { type: "tensor", default: null, output: true },
  },
  requiredHashFields: ["query", "ids"],
};

const nextNonce = createNonceSource();
const asked: { message: Message; caller: string }[] = [];

let axon: Awaited<ReturnType<typeof startTestAxon>>;
beforeAll(async () => {
  await keysReady();
  const synapse = { v10: ECHO, timeoutMs: 300, maxRequestBytes: 10_000, maxResponseBytes: 10_000 } as Synapse;
  const routes = v10Routes(
    { synapses: { echo: synapse } },
    {
      async answer(_name, message, caller, signal) {
        if (message.query === "boom") throw new Error("the secret is hunter2");
        if (message.query === "no") throw new BadRequest("not a question");
        if (message.query === "hold")
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
        asked.push({ message, caller });
        return { answer: "A", ...(message.x && { y: message.x }), unknown: 1 };
      },
    },
    bob().address,
  );
  axon = await startTestAxon({
    routes,
    protocols: [PROTOCOLS["btauth/1"].protocol, PROTOCOLS.v10.protocol],
    limits: { failureBurst: 1_000 },
    store: new ReplayStore({
      windows: { v10: V10_WINDOW },
      claimDelayNs: SECOND_NS,
      startedNs: unixNs() - 600n * SECOND_NS,
    }),
  });
});
afterAll(() => axon.stop());

type Change = {
  method?: "POST" | "GET" | "PUT";
  path?: string;
  nonce?: bigint;
  timeoutS?: number;
  signer?: ReturnType<typeof alice>;
  receiver?: string;
  message?: Message;
  synapse?: V10Synapse;
  /** Sent instead of what was signed. */
  headers?: Record<string, string | undefined>;
  body?: string;
};

/** What a Python dendrite sends, with something changed. */
async function ask(change: Change = {}) {
  const { signer = alice(), receiver = bob().address, synapse = ECHO, timeoutS = 12 } = change;
  const { nonce = nextNonce(), message = { query: "hi", ids: [1] } } = change;
  const inputs = fromMessage(synapse, message, "inputs");
  const hash = bodyHash(synapse, new Map([["name", synapse.name], ["timeout", timeoutS], ...inputs]));
  const facts = {
    ...{ timeoutS, bodyHash: hash, axon: { ip: "127.0.0.1", port: 1n, hotkey: receiver } },
    dendrite: {
      ...{ ip: "203.0.113.7", version: 10_002_000n, nonce, uuid: UUID, hotkey: signer.address },
      signature: signV10(signer, { nonce, receiver, uuid: UUID, bodyHash: hash }),
    },
  };
  const headers: Record<string, string | undefined> = {
    ...{ "content-type": "application/json", "accept-encoding": "gzip, deflate" },
    ...v10Headers(synapse, inputs, facts),
    ...change.headers,
  };
  for (const [name, value] of Object.entries(headers)) if (value === undefined) delete headers[name];
  const reply = await request(axon.url + (change.path ?? `/${synapse.name}`), {
    method: change.method ?? "POST",
    headers: headers as Record<string, string>,
    body: change.body ?? printPythonJson(requestBody(synapse, inputs, facts)),
  });
  const text = await reply.body.text();
  const json = text ? JSON.parse(text) : undefined;
  return { status: reply.statusCode, said: reply.headers.bt_header_axon_status_code, json, text, reply };
}

const NAMES = { hashed: "computed_body_hash", signature: "bt_header_dendrite_signature" };
const edit = (change: object) => {
  const values = { name: "Echo", timeout: 12, query: "hi", ids: [1], ...change };
  return JSON.stringify(values);
};

/** What the vectors' client sent. */
const SENT: Record<string, () => Change | Change[]> = {
  "valid request": () => ({}),
  "no signature header": () => ({ headers: { [NAMES.signature]: undefined } }),
  "empty signature header": () => ({ headers: { [NAMES.signature]: "" } }),
  "signature over another axon hotkey": () => ({ receiver: charlie().address }),
  "signature hex without 0x": () => ({ headers: { [NAMES.signature]: "ab".repeat(64) } }),
  "nonce 15.5 s old, timeout 12": () => ({ nonce: unixNs() - (31n * SECOND_NS) / 2n }),
  "nonce 16.5 s old, timeout 12": () => ({ nonce: unixNs() - (33n * SECOND_NS) / 2n }),
  "nonce one hour ahead": () => ({ nonce: unixNs() + 3_600n * SECOND_NS }),
  "first nonce of an endpoint key": () => ({}),
  "same nonce again": () => Array(2).fill({ nonce: nextNonce() }),
  "larger nonce": () => ({}),
  "no nonce": () => ({ headers: { bt_header_dendrite_nonce: undefined } }),
  "no dendrite hotkey": () => ({ headers: { bt_header_dendrite_hotkey: undefined } }),
  "nonce not an integer": () => ({ headers: { bt_header_dendrite_nonce: "soon" } }),
  "timeout header 'None'": () => ({ headers: { timeout: "None" } }),
  "timeout header absent": () => ({ headers: { timeout: undefined } }),
  "header_size not an integer": () => ({ headers: { header_size: "large" } }),
  "body does not match computed_body_hash": () => ({ body: edit({ query: "other" }) }),
  "computed_body_hash absent": () => ({ headers: { [NAMES.hashed]: undefined } }),
  "body with wrong types": () => ({ body: edit({ ids: "many" }) }),
  "body without a required field": () => ({ body: edit({ query: undefined }) }),
  "body not JSON": () => ({ body: "hello" }),
  "empty body": () => ({ body: "" }),
  "content type text/plain": () => ({ headers: { "content-type": "text/plain" } }),
  "one bt_header_input_obj_* of a required field absent": () => ({
    headers: { bt_header_input_obj_query: undefined },
  }),
  "unknown extra body field": () => ({ body: edit({ more: 1 }) }),
  "bt_header_axon_* absent": () => ({
    headers: {
      bt_header_axon_ip: undefined,
      bt_header_axon_port: undefined,
      bt_header_axon_hotkey: undefined,
    },
  }),
  "unknown synapse": () => ({ path: "/Zed" }),
  "root path": () => ({ path: "/" }),
  "extra path segment": () => ({ path: "/Echo/extra" }),
  "query string ignored": () => ({ path: "/Echo?x=1" }),
  "GET works like POST": () => ({ method: "GET" }),
  PUT: () => ({ method: "PUT" }),
  "built-in Synapse endpoint (ping)": () => ({
    synapse: { name: "Synapse", fields: {}, requiredHashFields: [] },
    message: {},
  }),
};

/*
 * Where we differ from the original on purpose.
 * Refused, and taken there: no signature, an empty one, a nonce an hour ahead; GET, which HTTP clients may repeat.
 * 401 and not 500: a nonce that is none is no authentication. 400 and not 500 or 422: what is wrong with a body is the
 * caller's fault, whatever it is.
 * Taken, and refused there: headers that mean nothing to us (a timeout of "None", a size, an empty value of a required
 * field, the content type of a body that is JSON). Nothing hangs on unsigned headers here.
 * 404 and not 405: there is no such route.
 */
const OURS: Record<string, number> = {
  ...{ "no signature header": 401, "empty signature header": 401, "nonce one hour ahead": 401 },
  ...{ "GET works like POST": 404, PUT: 404, "nonce not an integer": 401 },
  ...{ "body does not match computed_body_hash": 400, "body with wrong types": 400 },
  ...{ "body without a required field": 400, "body not JSON": 400, "empty body": 400 },
  ...{ "timeout header 'None'": 200, "header_size not an integer": 200, "content type text/plain": 200 },
  "one bt_header_input_obj_* of a required field absent": 200,
};

describe.skipIf(wireVectorsAbsent)(`a v10 axon against its vectors${wireVectorsAbsent}`, () => {
  test("answers every request as the Python axon does, or as it is said above", async () => {
    const { cases } = readWireVectors("axon_behaviour.json");
    expect(cases.map((row: { case: string }) => row.case).sort()).toEqual(Object.keys(SENT).sort());
    for (const row of cases) {
      const changes = [SENT[row.case]!()].flat();
      let got = await ask(changes[0]);
      for (const change of changes.slice(1)) got = await ask(change);
      const status = OURS[row.case] ?? row.http_status;
      expect(got.status, row.case).toBe(status);
      if (status === 404) continue; // no route, so nobody who speaks v10 there
      expect(got.said, row.case).toBe(String(status));
      expect(status === 200 ? got.json.name : typeof got.json.message, row.case).toMatch(
        /Echo|Synapse|string/,
      );
    }
  });
});

describe("a v10 route", () => {
  test("answers with the whole body, its outputs filled in, and headers in lower case", async () => {
    const x = tensor("float32", [2, 1], Float32Array.of(1, -2));
    const { json, reply, text } = await ask({ message: { query: "wie heißt 你?", ids: [2 ** 40, -1], x } });
    expect(asked.at(-1)).toEqual({
      message: { query: "wie heißt 你?", ids: [2 ** 40, -1], scale: 1.5, x },
      caller: alice().address,
    });
    expect(json).toMatchObject({
      ...{ name: "Echo", timeout: 12, query: "wie heißt 你?", ids: [2 ** 40, -1], scale: 1.5, answer: "A" },
      axon: { status_code: 200, status_message: "Success", hotkey: bob().address, ip: "127.0.0.1" },
      dendrite: { uuid: UUID, hotkey: alice().address },
    });
    expect(json.unknown).toBeUndefined();
    const body = parsePythonJson(Buffer.from(text)) as PythonDict;
    expect(body.get("y")).toEqual(body.get("x"));
    expect(typeof (body.get("dendrite") as PythonDict).get("nonce")).toBe("bigint");
    expect(text).toContain('"timeout": 12.0');
    expect(reply.headers).toMatchObject({ name: "Echo", bt_header_axon_status_message: "Success" });
  });

  test.each([
    ["whose work breaks", { message: { query: "boom", ids: [] } }, 500, "answering failed"],
    ["that comes too late", { message: { query: "hold", ids: [] } }, 408, "no answer in time"],
    ["that is none to the template", { message: { query: "no", ids: [] } }, 400, "not a valid question"],
    ["larger than the route allows", { body: " ".repeat(20_000) }, 413, "body is too large"],
    ["in a compressed body", { headers: { "content-encoding": "gzip" } }, 415, "body must not be compressed"],
  ] satisfies [string, Change, number, string][])(
    "refuses a question %s with a constant message",
    async (_what, change, status, message) => {
      const got = await ask(change);
      expect(got).toMatchObject({ status, said: String(status), json: { message } });
      expect(got.reply.headers.bt_header_axon_status_message).toBe(message);
      expect(got.text).not.toContain("hunter2");
    },
  );

  test("refuses whom the chain does not vouch for, with the status of a blacklist", async () => {
    expect(await ask({ signer: charlie() })).toMatchObject({ status: 403, said: "403" });
  });

  test("takes nonces in any order, each once", async () => {
    const [low, high] = [nextNonce(), nextNonce()];
    const statuses = [];
    for (const nonce of [high, low, high, low]) statuses.push((await ask({ nonce })).status);
    expect(statuses).toEqual([200, 200, 401, 401]);
  });

  test("refuses a body whose unhashed part was changed only where the class says so", async () => {
    const signed = { query: "hi", ids: [1] };
    expect((await ask({ message: signed, body: edit({ scale: 2 }) })).status).toBe(200);
    expect((await ask({ message: signed, body: edit({ ids: [2] }) })).status).toBe(400);
  });

  test("takes no btauth headers beside its own", async () => {
    const got = await ask({ headers: { "x-bittensor-hotkey": alice().address } });
    expect(got).toMatchObject({ status: 401, said: "401" });
  });
});
