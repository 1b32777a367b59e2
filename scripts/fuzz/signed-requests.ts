import { randomUUID } from "node:crypto";
import type { Keypair } from "../../shared/keys/keypair.ts";
import type { Random } from "../../shared/rules/beacon.ts";
import { tensor } from "../../shared/tensor.ts";
import { signRequest } from "../../shared/wire/btauth.ts";
import { signEpistula } from "../../shared/wire/epistula.ts";
import { encodeJsonMessage, encodeMessage, MESSAGE_CONTENT_TYPE } from "../../shared/wire/message.ts";
import { createNonceSource } from "../../shared/wire/nonce.ts";
import { signV10 } from "../../shared/wire/v10/v10.ts";
import { V10_VERSION } from "../../shared/wire/v10/version-int.ts";

/** An HTTP request as its parts, before anything is broken. */
export type PlainRequest = {
  method: string;
  target: string;
  headers: [name: string, value: string][];
  body: Buffer;
};

const EMPTY_SHA3 = "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a";
const JSON_TYPE = "application/json";
const nextNonce = createNonceSource();

/** An honest question in one of the conventions and forms that a miner of the hello subnet takes. */
export function signedQuestion(signer: Keypair, receiver: string, random: Random): PlainRequest {
  const x = tensor(
    "float32",
    [1, 4],
    Float32Array.from({ length: 4 }, () => random.below(100)),
  );
  const forms = [
    () => btauth("/hello/ask", Buffer.from(encodeMessage({ x, delayMs: 0 })), MESSAGE_CONTENT_TYPE),
    () => btauth("/hello/ask", Buffer.from(encodeJsonMessage({ x, delayMs: 0 })), JSON_TYPE),
    () => btauth("/v2/models/default/infer", inferJson(x.data), JSON_TYPE),
    () => inferBinary(x.data),
    () => v10(),
    () => epistula(Buffer.from(encodeMessage({ x, delayMs: 0 }))),
  ];
  return forms[random.below(forms.length)]!();

  function btauth(target: string, body: Buffer, type: string): PlainRequest {
    const signed = signRequest({ signer, receiver, method: "POST", target, body, nonce: nextNonce() });
    return post(target, { "content-type": type, ...signed }, body);
  }

  /** The Open Inference Protocol with its numbers behind the JSON. */
  function inferBinary(data: Float32Array): PlainRequest {
    const numbers = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const parameters = { binary_data_size: numbers.length };
    const head = Buffer.from(
      JSON.stringify({ inputs: [{ name: "x", shape: [1, 4], datatype: "FP32", parameters }] }),
    );
    const request = btauth(
      "/v2/models/default/infer",
      Buffer.concat([head, numbers]),
      "application/octet-stream",
    );
    request.headers.push(["inference-header-content-length", String(head.length)]);
    return request;
  }

  function v10(): PlainRequest {
    const line = { nonce: nextNonce(), receiver, uuid: randomUUID(), bodyHash: EMPTY_SHA3 };
    const terminal = {
      ...{ bt_header_axon_ip: "127.0.0.1", bt_header_axon_port: "8091", bt_header_axon_hotkey: receiver },
      ...{ bt_header_dendrite_ip: "127.0.0.1", bt_header_dendrite_version: String(V10_VERSION) },
      ...{ bt_header_dendrite_nonce: String(line.nonce), bt_header_dendrite_uuid: line.uuid },
      ...{ bt_header_dendrite_hotkey: signer.address, bt_header_dendrite_signature: signV10(signer, line) },
    };
    const about = { name: "Synapse", timeout: "12.0", computed_body_hash: EMPTY_SHA3 };
    return post("/Synapse", { "content-type": JSON_TYPE, ...about, ...terminal }, Buffer.from("{}"));
  }

  function epistula(body: Buffer): PlainRequest {
    const signed = signEpistula({ signer, receiver, body, uuid: randomUUID(), nowMs: Date.now() });
    return post("/hello/ask", { "content-type": MESSAGE_CONTENT_TYPE, ...signed }, body);
  }
}

function inferJson(data: Float32Array): Buffer {
  return Buffer.from(
    JSON.stringify({ inputs: [{ name: "x", shape: [1, 4], datatype: "FP32", data: [...data] }] }),
  );
}

function post(target: string, headers: Record<string, string>, body: Buffer): PlainRequest {
  const all = { host: "127.0.0.1", ...headers, "content-length": String(body.length) };
  return { method: "POST", target, headers: Object.entries(all), body };
}
