import { randomUUID } from "node:crypto";
import type { Keypair } from "../shared/keys/keypair.ts";
import type { Hotkey } from "../shared/types.ts";
import type { V10Synapse } from "../shared/v10-synapse.ts";
import type { AddressPolicy } from "../shared/wire/address-policy.ts";
import type { WireHeaders } from "../shared/wire/btauth.ts";
import { decodeMessage, encodeMessage, MESSAGE_CONTENT_TYPE } from "../shared/wire/message.ts";
import { createNonceSource } from "../shared/wire/nonce.ts";
import { readV10Answer } from "../shared/wire/v10/answer.ts";
import { bodyHash } from "../shared/wire/v10/body-hash.ts";
import { v10Headers } from "../shared/wire/v10/headers.ts";
import { printPythonJson } from "../shared/wire/v10/python-json.ts";
import type { PythonDict } from "../shared/wire/v10/python-value.ts";
import { fromMessage, requestBody, type TerminalInfo, toAnswer } from "../shared/wire/v10/synapse-body.ts";
import { signV10 } from "../shared/wire/v10/v10.ts";
import { V10_VERSION } from "../shared/wire/v10/version-int.ts";
import {
  type Asker,
  Asking,
  type Attempt,
  fromStatus,
  type Place,
  type Question,
  type Reply,
  readAnswer,
  SOCKETS_PER_HOST,
  type Target,
} from "./asking.ts";

/** Said in the place of our own address: nobody checks it, and whoever listens sees where we come from. */
const OWN_IP = "0.0.0.0";

/** A Python axon sends its answers with the whole question in them: base64, escapes, base fields. */
const ANSWER_GROWTH = 2;
const ENVELOPE_BYTES = 16_384;

/**
 * Asks Python miners of SDK 7 to 10. Their answers are not signed: whoever sits on the line can change them. Their
 * nonces must rise in the order of arrival for each hotkey and uuid, so each of the few sockets to a miner has a uuid
 * of its own and one question at a time.
 */
export class V10Dendrite implements Asker {
  readonly #signer: Keypair;
  readonly #nextNonce = createNonceSource();
  readonly #uuids = Array.from({ length: SOCKETS_PER_HOST }, () => randomUUID());
  readonly #asking: Asking;

  constructor(signer: Keypair, policy: AddressPolicy) {
    this.#signer = signer;
    this.#asking = new Asking(policy);
  }

  /** A question that has no v10 form is the validator's own fault. */
  async ask(target: Target, question: Question): Promise<Reply | undefined> {
    const { v10, body, maxResponseBytes } = question;
    let inputs: PythonDict;
    try {
      const message = decodeMessage(body, MESSAGE_CONTENT_TYPE, { maxBytes: body.length });
      inputs = fromMessage(v10!, message, "inputs");
    } catch {
      return { ok: false, reason: "validator-outage", latencyMs: 0 };
    }
    const limit = ANSWER_GROWTH * (maxResponseBytes + body.length) + ENVELOPE_BYTES;
    return this.#asking.ask(target, question, (place) =>
      this.#attempt(place, target.hotkey, { v10: v10!, inputs, timeoutMs: question.timeoutMs, limit }),
    );
  }

  close(): Promise<void> {
    return this.#asking.close();
  }

  /** The nonce is made as late as possible: a socket of this slot is free, and nothing overtakes it. */
  async #attempt(
    { pool, slot, ip, port, signal }: Place,
    miner: Hotkey,
    question: { v10: V10Synapse; inputs: PythonDict; timeoutMs: number; limit: number },
  ): Promise<Attempt> {
    const { v10, inputs, limit } = question;
    const timeoutS = question.timeoutMs / 1_000;
    const nonce = this.#nextNonce();
    const uuid = this.#uuids[slot]!;
    const hash = bodyHash(v10, new Map([["name", v10.name], ["timeout", timeoutS], ...inputs]));
    const axon: TerminalInfo = { ip, port: BigInt(port), hotkey: miner };
    const dendrite: TerminalInfo = {
      ...{ ip: OWN_IP, version: BigInt(V10_VERSION), nonce, uuid, hotkey: this.#signer.address },
      signature: signV10(this.#signer, { nonce, receiver: miner, uuid, bodyHash: hash }),
    };
    const response = await pool.request({
      method: "POST",
      path: `/${v10.name}`,
      headers: {
        ...v10Headers(v10, inputs, { timeoutS, axon, dendrite, bodyHash: hash }),
        ...{ "content-type": "application/json", accept: "application/json" },
      },
      body: printPythonJson(requestBody(v10, inputs, { timeoutS, dendrite, axon })),
      signal,
    });
    const body = await readAnswer(response.body, limit);
    if (body === undefined) return { kind: "failed", reason: "answer-too-large" };
    return toAttempt(v10, response.statusCode, response.headers as WireHeaders, body);
  }
}

/** A status of the axon's own beats that of HTTP. */
function toAttempt(v10: V10Synapse, status: number, headers: WireHeaders, body: Uint8Array): Attempt {
  const { statusCode, values } = readV10Answer(v10, { status, headers, body });
  if (statusCode === 200 && values) {
    try {
      return { kind: "answer", body: encodeMessage(toAnswer(v10, values)) };
    } catch {
      return { kind: "failed", reason: "wrong-shape" };
    }
  }
  if (status === 200 && (statusCode === undefined || statusCode === 422)) {
    return { kind: "failed", reason: "wrong-shape" };
  }
  return fromStatus(statusCode ?? status, headers);
}
