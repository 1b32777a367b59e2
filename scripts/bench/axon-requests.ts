import { randomUUID } from "node:crypto";
import type { Keypair } from "../../shared/keys/keypair.ts";
import { tensor } from "../../shared/tensor.ts";
import { signRequest } from "../../shared/wire/btauth.ts";
import { encodeJsonMessage, encodeMessage, MESSAGE_CONTENT_TYPE } from "../../shared/wire/message.ts";
import { createNonceSource } from "../../shared/wire/nonce.ts";
import { signV10 } from "../../shared/wire/v10/v10.ts";
import { V10_VERSION } from "../../shared/wire/v10/version-int.ts";

/** What is asked over and over: 144 numbers for the small model, or many for the size of a body. */
export const SMALL = 144;
export const LARGE = 150_000;

const JSON_TYPE = "application/json";
const EMPTY_SHA3 = "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a";
const nextNonce = createNonceSource();

/** @param form - `binary` for the frame of a message, `json` for base64 in JSON. */
export function messageBody(numbers: number, form: "binary" | "json"): { body: Uint8Array; type: string } {
  const values = Float32Array.from({ length: numbers }, (_, i) => (i % 17) / 17);
  const message = { x: tensor("float32", [1, numbers], values) };
  return form === "binary"
    ? { body: encodeMessage(message), type: MESSAGE_CONTENT_TYPE }
    : { body: encodeJsonMessage(message), type: JSON_TYPE };
}

/** Raw bytes of a signed request, good for ten seconds. */
export function btauthRequest(
  signer: Pick<Keypair, "address" | "sign">,
  receiver: string,
  target: string,
  { body, type }: { body: Uint8Array; type: string },
): Uint8Array {
  const signed = signRequest({ signer, receiver, method: "POST", target, body, nonce: nextNonce() });
  return rawRequest(target, { "content-type": type, ...signed }, body);
}

/** The same question in the words of SDK 10: JSON numbers, signed over the headers. */
export function v10Request(signer: Keypair, receiver: string, synapse: string, port: number): Uint8Array {
  const x = Array.from({ length: SMALL }, (_, i) => (i % 17) / 17);
  const line = { nonce: nextNonce(), receiver, uuid: randomUUID(), bodyHash: EMPTY_SHA3 };
  const headers = {
    "content-type": JSON_TYPE,
    ...{ name: synapse, timeout: "60.0", computed_body_hash: EMPTY_SHA3 },
    ...{ bt_header_axon_ip: "127.0.0.1", bt_header_axon_port: String(port), bt_header_axon_hotkey: receiver },
    ...{ bt_header_dendrite_ip: "127.0.0.1", bt_header_dendrite_version: String(V10_VERSION) },
    ...{ bt_header_dendrite_nonce: String(line.nonce), bt_header_dendrite_uuid: line.uuid },
    ...{ bt_header_dendrite_hotkey: signer.address, bt_header_dendrite_signature: signV10(signer, line) },
    ...{ header_size: "0", total_size: "0" },
  };
  return rawRequest(`/${synapse}`, headers, Buffer.from(JSON.stringify({ x })));
}

export function rawRequest(target: string, headers: Record<string, string>, body: Uint8Array): Uint8Array {
  const lines = Object.entries({ host: "127.0.0.1", ...headers, "content-length": String(body.length) });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return Buffer.concat([Buffer.from(`POST ${target} HTTP/1.1\r\n${head}\r\n`), body]);
}
