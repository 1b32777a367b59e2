import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { keysReady } from "../../shared/keys/keypair.ts";
import { signRequest } from "../../shared/wire/btauth.ts";
import { createNonceSource } from "../../shared/wire/nonce.ts";
import { verifyReply } from "../../shared/wire/reply.ts";
import { startTestAxon } from "../axon.test-kit.ts";
import { alice, bob, charlie } from "../miner.test-kit.ts";
import { oipInferRoutes } from "./oip-routes.ts";
import { doublingModel, ROW } from "./served-model.test-kit.ts";

const nextNonce = createNonceSource();
const TARGET = "/v2/models/double/infer";

describe("an infer route of the axon", () => {
  const { model, asked } = doublingModel();
  let axon: Awaited<ReturnType<typeof startTestAxon>>;
  beforeAll(async () => {
    await keysReady();
    axon = await startTestAxon({ routes: oipInferRoutes({ all: [model, doublingModel("other").model] }) });
  });
  afterAll(() => axon.stop());

  async function ask({
    json = ROW as object,
    sent = undefined as object | undefined,
    target = TARGET,
    signer = alice(),
    headers = {},
    binary = new Uint8Array(),
  } = {}) {
    const encode = (value: object) =>
      Uint8Array.from(Buffer.concat([Buffer.from(JSON.stringify(value)), binary]));
    const body = encode(json);
    const signed = signRequest({
      signer,
      receiver: bob().address,
      method: "POST",
      target: TARGET,
      body,
      nonce: nextNonce(),
    });
    const reply = await fetch(axon.url + target, {
      method: "POST",
      body: sent ? encode(sent) : body,
      headers: { ...signed, ...headers },
    });
    const bytes = new Uint8Array(await reply.arrayBuffer());
    const head = { status: reply.status, contentType: reply.headers.get("content-type")! };
    const isSigned = verifyReply(
      { ...head, headers: Object.fromEntries(reply.headers), body: bytes },
      { headers: signed, method: "POST", target: TARGET, body },
      bob().address,
    );
    return { ...head, isSigned, bytes, headers: reply.headers, text: Buffer.from(bytes).toString() };
  }

  test("answers a signed request with all of the queue at hand, and signs its answer", async () => {
    const reply = await ask();
    expect(reply).toMatchObject({ status: 200, isSigned: true });
    expect(JSON.parse(reply.text).outputs).toMatchObject([{ data: [2, 4] }, { data: [6] }]);
    expect(asked).toEqual([undefined]);
  });

  test("answers a binary request in binary, the values included in what is signed", async () => {
    const inputs = [
      { name: "x", datatype: "FP32", shape: [8, 2], parameters: { binary_data_size: 64 } },
      { name: "n", datatype: "INT64", shape: [8], parameters: { binary_data_size: 64 } },
    ];
    const json = { inputs, parameters: { binary_data_output: true } };
    const x = Float32Array.from({ length: 16 }, (_, i) => i / 4);
    const n = BigInt64Array.from({ length: 8 }, (_, i) => BigInt(i) - 2n ** 62n);
    const binary = Buffer.concat([Buffer.from(x.buffer), Buffer.from(n.buffer)]);
    const length = String(JSON.stringify(json).length);
    const reply = await ask({ json, binary, headers: { "inference-header-content-length": length } });
    expect(reply).toMatchObject({ status: 200, isSigned: true, contentType: "application/octet-stream" });
    const at = Number(reply.headers.get("inference-header-content-length"));
    const values = reply.bytes.slice(at);
    expect(new Float32Array(values.buffer, 0, 16)).toEqual(x.map((v) => 2 * v));
    expect(new BigInt64Array(values.buffer, 64, 8)).toEqual(n.map((v) => 2n * v));
  });

  test("signs what is wrong with a request, in the form of the protocol", async () => {
    const reply = await ask({ json: { inputs: [ROW.inputs[0]] } });
    expect(reply).toMatchObject({ status: 400, isSigned: true });
    expect(JSON.parse(reply.text)).toEqual({ error: "1 inputs instead of 2", code: "AXON_BAD_REQUEST" });
  });

  test.each([
    ["without a signature", { headers: { "x-bittensor-signature": "" } }, "BTAUTH_MALFORMED"],
    ["of a caller without a permit", { signer: charlie() }, "BTAUTH_NOT_WELCOME"],
    ["whose body was changed", { sent: { ...ROW, id: "other" } }, "BTAUTH_BAD_SIGNATURE"],
    ["turned to another model", { target: "/v2/models/other/infer" }, "BTAUTH_BAD_SIGNATURE"],
    ["turned to another version", { target: "/v2/models/double/versions/1/infer" }, "BTAUTH_BAD_SIGNATURE"],
  ])("refuses a request %s, and runs nothing", async (_what, question, code) => {
    const before = asked.length;
    const reply = await ask(question as Parameters<typeof ask>[0]);
    expect(JSON.parse(reply.text)).toMatchObject({ code, error: expect.any(String) });
    expect(reply.text.length).toBeLessThanOrEqual(128);
    expect(asked.length).toBe(before);
  });
});
