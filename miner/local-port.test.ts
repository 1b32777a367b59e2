import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../shared/clock.ts";
import { silentLogger } from "../shared/logger.ts";
import { type LocalPort, type LocalPortOptions, openLocalPort } from "./local-port.ts";
import { doublingModel, ROW } from "./oip/served-model.test-kit.ts";

let double: ReturnType<typeof doublingModel>;
let port: LocalPort;

async function open(options: Partial<LocalPortOptions> = {}): Promise<LocalPort> {
  const models = { all: [double.model, doublingModel("other").model] };
  return openLocalPort(
    { port: 0, ...options },
    {
      models,
      version: "0.0.0",
      isReady: () => double.model.isReady,
      logger: silentLogger,
      clock: systemClock,
    },
  );
}

beforeEach(async () => {
  double = doublingModel();
  port = await open();
});
afterEach(() => port.drain(0));

const INFER = "/v2/models/double/infer";

/** With the headers of a program, which `fetch` would not let us change. */
async function call(
  path: string,
  { method = "GET", headers = {}, body = "" as string | Uint8Array, to = port } = {},
) {
  const request = httpRequest(to.url + path, {
    method,
    headers: {
      ...(method === "POST" &&
        !("transfer-encoding" in headers) && { "content-length": Buffer.byteLength(body) }),
      ...headers,
    },
  });
  request.on("error", () => undefined).end(body);
  const [response] = await once(request, "response");
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part);
  const text = Buffer.concat(parts).toString();
  return { status: response.statusCode as number, headers: response.headers, json: JSON.parse(text) };
}

const ask = (json: object = ROW, more: object = {}) =>
  call(INFER, { method: "POST", body: JSON.stringify(json), ...more });

test("tells whoever asks what it is, whether it is ready, and which models it has", async () => {
  const json = async (path: string) => {
    const { status, json } = await call(path);
    return [status, json];
  };
  expect(await json("/v2")).toEqual([
    200,
    { name: "subforge", version: "0.0.0", extensions: ["binary_tensor_data", "model_configuration"] },
  ]);
  expect(await json("/v2/health/live")).toEqual([200, { live: true }]);
  expect(await json("/v2/health/ready")).toEqual([200, { ready: true }]);
  expect(await json("/v2/models/other/ready")).toEqual([200, { name: "other", ready: true }]);
  for (const path of ["/v2/models/double", "/v2/models/double/versions/1"]) {
    expect(await json(path)).toEqual([
      200,
      {
        name: "double",
        versions: ["1"],
        platform: "onnxruntime_onnx",
        inputs: [
          { name: "x", datatype: "FP32", shape: [-1, 2] },
          { name: "n", datatype: "INT64", shape: [-1] },
        ],
        outputs: [
          { name: "y", datatype: "FP32", shape: [-1, 2] },
          { name: "m", datatype: "INT64", shape: [-1] },
        ],
      },
    ]);
  }
  expect((await call("/v2/models/double/config")).json).toMatchObject({
    ...{ name: "double", max_batch_size: 0 },
    input: [{ name: "x", data_type: "TYPE_FP32", dims: [-1, 2] }, {}],
  });
  double.model.isReady = false;
  expect(await json("/v2/health/ready")).toEqual([503, { ready: false }]);
  expect(await json("/v2/models/double/ready")).toEqual([503, { name: "double", ready: false }]);
  expect((await call("/v2/repository/index", { method: "POST" })).json).toMatchObject([
    { name: "double", version: "1", state: "UNAVAILABLE" },
    { name: "other", state: "READY" },
  ]);
});

test("infers without a signature, and leaves half of the queue to those who sign", async () => {
  expect(await ask({ ...ROW, id: "7" })).toMatchObject({
    status: 200,
    json: {
      ...{ model_name: "double", model_version: "1", id: "7" },
      outputs: [
        { name: "y", datatype: "FP32", shape: [1, 2], data: [2, 4] },
        { name: "m", datatype: "INT64", shape: [1], data: [6] },
      ],
    },
  });
  expect(double.asked).toEqual([0.5]);
});

test("gives the outputs that were asked for, and no others", async () => {
  const { json } = await ask({ ...ROW, outputs: [{ name: "m" }] });
  expect(json.outputs).toMatchObject([{ name: "m" }]);
  expect(await ask({ ...ROW, outputs: [{ name: "z" }] })).toMatchObject({
    status: 400,
    json: { error: '"z" is no output of this model' },
  });
  expect(double.asked).toHaveLength(1); // a misspelt name costs nothing
});

test("answers on one connection as often as it is asked, also after a request that was wrong", async () => {
  const good = JSON.stringify(ROW);
  const question = (body: string) =>
    `POST ${INFER} HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  const socket = connect(port.port, "127.0.0.1");
  let text = "";
  socket.setEncoding("utf8").on("data", (part) => {
    text += part;
  });
  socket.write(question(good) + question("{}") + question(good));
  await expect
    .poll(() => text.match(/HTTP\/1.1 \d+/g))
    .toEqual(["HTTP/1.1 200", "HTTP/1.1 400", "HTTP/1.1 200"]);
  socket.destroy();
});

test.each<[string, number, string, () => ReturnType<typeof call>]>([
  [
    "a wrong shape",
    400,
    "x is [1,3] instead of [?,2]",
    () => ask({ inputs: [{ ...ROW.inputs[0], shape: [1, 3], data: [1, 2, 3] }, ROW.inputs[1]] }),
  ],
  [
    "a wrong type",
    400,
    "x is float64 instead of float32",
    () => ask({ inputs: [{ ...ROW.inputs[0], datatype: "FP64" }, ROW.inputs[1]] }),
  ],
  ["a missing input", 400, "1 inputs instead of 2", () => ask({ inputs: [ROW.inputs[0]] })],
  [
    "an unknown model",
    404,
    "no such route, model or version",
    () => call("/v2/models/none/infer", { method: "POST", body: "{}" }),
  ],
  ["another version", 404, "no such route, model or version", () => call("/v2/models/double/versions/2")],
  ["an unknown path", 404, "no such route, model or version", () => call("/metrics")],
  ["another method", 404, "no such route, model or version", () => call(INFER)],
  ["compression", 415, "compressed", () => ask(ROW, { headers: { "content-encoding": "gzip" } })],
  ["chunks", 411, "content-length", () => ask(ROW, { headers: { "transfer-encoding": "chunked" } })],
  ["too large a body", 413, "too large", () => ask({ id: "a".repeat(8 * 2 ** 20) })],
  ["a web page's form", 403, "web page", () => ask(ROW, { headers: { origin: "https://evil.example" } })],
  ["a name that was rebound", 403, "localhost", () => call("/v2", { headers: { host: "evil.example" } })],
])("says no to %s in the form of the protocol", async (_what, status, words, question) => {
  const { json, ...reply } = await question();
  expect(reply.status).toBe(status);
  expect(json.error).toContain(words);
  expect(reply.headers["access-control-allow-origin"]).toBeUndefined();
});

test("takes so many questions at the same time and not one more", async () => {
  const small = await open({ limits: { maxAnswers: 2 } });
  double.hold();
  const held = [0, 1].map(() => ask(ROW, { to: small }));
  await expect.poll(() => double.asked.length).toBe(2);
  const refused = await ask(ROW, { to: small });
  expect([refused.status, refused.json.code, refused.headers["retry-after"]]).toEqual([
    503,
    "AXON_OVERLOADED",
    "2",
  ]);
  double.release();
  expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200]);
  await small.drain(0);
});

test("ends a question at its deadline, and when its caller goes away", async () => {
  const hasty = await open({ infer: { timeoutMs: 20 } });
  double.hold();
  expect(await ask(ROW, { to: hasty })).toMatchObject({ status: 504, json: { code: "AXON_DEADLINE" } });
  const request = httpRequest(port.url + INFER, { method: "POST" }).on("error", () => undefined);
  request.setHeader("content-length", JSON.stringify(ROW).length);
  request.end(JSON.stringify(ROW));
  await expect.poll(() => double.asked.length).toBe(2);
  request.destroy();
  const drained = port.drain(60_000); // would wait for an answer that nobody waits for
  await drained;
  await hasty.drain(0);
});

test("finishes what it began when it is told to stop, and takes nothing new", async () => {
  double.hold();
  const held = ask();
  await expect.poll(() => double.asked.length).toBe(1);
  const drained = port.drain(60_000);
  expect((await ask()).json.code).toBe("AXON_STOPPING");
  expect((await call("/v2/health/ready")).status).toBe(503);
  double.release();
  expect((await held).status).toBe(200);
  await drained;
  await expect(call("/v2")).rejects.toThrow();
});

test("is refused an address for everybody, and a port that is taken", async () => {
  await expect(open({ host: "0.0.0.0" })).rejects.toMatchObject({ code: "LOCAL_PORT_EXPOSED" });
  await expect(open({ port: port.port })).rejects.toMatchObject({ code: "PORT_IN_USE" });
});

// 127.0.0.0/8 is always let in, so another address of this machine has to play the stranger.
const other = Object.values(networkInterfaces())
  .flat()
  .find((address) => address?.family === "IPv4" && !address.internal)?.address;

test.skipIf(!other)(
  "closes a connection of a stranger (skipped where there is no address but loopback)",
  async () => {
    const wide = await open({ host: "0.0.0.0", allow: ["192.0.2.1"] });
    const stranger = connect({ port: wide.port, host: other!, localAddress: other! });
    let text = "";
    stranger.setEncoding("utf8").on("data", (part) => {
      text += part;
    });
    stranger.on("error", () => undefined);
    stranger.write(`GET /v2 HTTP/1.1\r\nhost: ${other}\r\n\r\n`);
    await once(stranger, "close");
    expect(text).toBe("");
    await wide.drain(0);
  },
);
