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
  fromBroken,
  fromStatus,
  type Place,
  type Question,
  type Reply,
  type Target,
} from "./asking.ts";
import { SOCKETS_PER_HOST } from "./sockets.ts";
import type { WorkerMeter } from "./worker-metrics.ts";

/** Said in the place of our own address: nobody checks it, and whoever listens sees where we come from. */
const OWN_IP = "0.0.0.0";

/** A Python axon sends its answers with the whole question in them: base64, escapes, base fields. */
const ANSWER_GROWTH = 2;
const ENVELOPE_BYTES = 16_384;

/** The part of a question that is the same for every miner. */
type Shared = { inputs: PythonDict; hash: string };

/**
 * Asks Python miners of SDK 7 to 10. Their answers are not signed: whoever sits on the line can change them. Their
 * nonces must rise in the order of arrival for each hotkey and uuid, so each of the few sockets to a miner has a uuid
 * of its own and one question at a time.
 */
export class V10Dendrite implements Asker {
  readonly #signer: Keypair;
  readonly #meter: Pick<WorkerMeter, "signed"> | undefined;
  readonly #nextNonce = createNonceSource();
  readonly #uuids = Array.from({ length: SOCKETS_PER_HOST }, () => randomUUID());
  readonly #asking: Asking;
  /** By the buffer that many miners share: read and hashed once. */
  readonly #shared = new WeakMap<Uint8Array, Shared>();

  /** @param maxSockets - To all miners together. @param meter - Hears how long signing took. */
  constructor(
    signer: Keypair,
    policy: AddressPolicy,
    maxSockets?: number,
    meter?: Pick<WorkerMeter, "signed">,
  ) {
    this.#signer = signer;
    this.#meter = meter;
    this.#asking = new Asking(policy, maxSockets);
  }

  /** A question that has no v10 form is the validator's own fault. */
  async ask(target: Target, question: Question): Promise<Reply | undefined> {
    try {
      const shared = this.#sharedOf(question);
      return await this.#asking.ask(target, question, (place) =>
        this.#attempt(place, target.hotkey, question, shared),
      );
    } catch {
      return { ok: false, reason: "validator-outage", latencyMs: 0 };
    }
  }

  close(): Promise<void> {
    return this.#asking.close();
  }

  /** The nonce is made just before it is sent: a socket of this slot is free, and nothing overtakes it. */
  async #attempt(
    place: Place,
    miner: Hotkey,
    { v10, body, timeoutMs, maxResponseBytes }: Question,
    { inputs, hash }: Shared,
  ): Promise<Attempt> {
    const synapse = v10!;
    const limit = ANSWER_GROWTH * (maxResponseBytes + body.length) + ENVELOPE_BYTES;
    const exchanged = await this.#asking.send(place, () => {
      const timeoutS = timeoutMs / 1_000;
      const nonce = this.#nextNonce();
      const uuid = this.#uuids[place.slot]!;
      const axon: TerminalInfo = { ip: place.ip, port: BigInt(place.port), hotkey: miner };
      const startedMs = performance.now();
      const signature = signV10(this.#signer, { nonce, receiver: miner, uuid, bodyHash: hash });
      this.#meter?.signed((performance.now() - startedMs) / 1e3);
      const dendrite: TerminalInfo = {
        ...{ ip: OWN_IP, version: BigInt(V10_VERSION), nonce, uuid, hotkey: this.#signer.address },
        signature,
      };
      return {
        path: `/${synapse.name}`,
        headers: {
          ...v10Headers(synapse, inputs, { timeoutS, axon, dendrite, bodyHash: hash }),
          ...{ "content-type": "application/json", accept: "application/json" },
        },
        body: Buffer.from(printPythonJson(requestBody(synapse, inputs, { timeoutS, dendrite, axon }))),
        limitFor: () => limit,
      };
    });
    if (!exchanged.ok) return fromBroken(exchanged);
    const { status, headers, body: bytes } = exchanged;
    if (bytes === undefined) return { kind: "failed", reason: "answer-too-large" };
    return this.#asking.inTurn(() => toAttempt(synapse, status, headers, bytes));
  }

  /** @throws SubforgeError MESSAGE_INVALID, TENSOR_INVALID */
  #sharedOf({ v10, body, timeoutMs }: Question): Shared {
    const known = this.#shared.get(body);
    if (known) return known;
    const message = decodeMessage(body, MESSAGE_CONTENT_TYPE, { maxBytes: body.length });
    const inputs = fromMessage(v10!, message, "inputs");
    const hash = bodyHash(v10!, new Map([["name", v10!.name], ["timeout", timeoutMs / 1_000], ...inputs]));
    const made = { inputs, hash };
    this.#shared.set(body, made);
    return made;
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
