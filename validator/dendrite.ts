import type { Keypair } from "../shared/keys/keypair.ts";
import type { Hotkey } from "../shared/types.ts";
import type { AddressPolicy } from "../shared/wire/address-policy.ts";
import { signRequest, type WireHeaders } from "../shared/wire/btauth.ts";
import { decodeMessage, encodeMessage, MESSAGE_CONTENT_TYPE } from "../shared/wire/message.ts";
import { createNonceSource } from "../shared/wire/nonce.ts";
import { isRefusalCode, type RefusalCode } from "../shared/wire/refusals.ts";
import { verifyReply } from "../shared/wire/reply.ts";
import {
  type Asker,
  Asking,
  type Attempt,
  fromStatus,
  type Place,
  type Question,
  type Reply,
  readAnswer,
  type Target,
} from "./asking.ts";

const MAX_REFUSAL_BYTES = 1_024;

/** Asks miners in btauth/1, and believes only signed replies. */
export class Dendrite implements Asker {
  readonly #signer: Keypair;
  readonly #nextNonce = createNonceSource();
  readonly #asking: Asking;

  constructor(signer: Keypair, policy: AddressPolicy) {
    this.#signer = signer;
    this.#asking = new Asking(policy);
  }

  ask(target: Target, question: Question): Promise<Reply | undefined> {
    return this.#asking.ask(target, question, (place) => this.#attempt(place, target.hotkey, question));
  }

  close(): Promise<void> {
    return this.#asking.close();
  }

  /** Each attempt has a nonce and a signature of its own, made as late as possible. */
  async #attempt({ pool, signal }: Place, miner: Hotkey, question: Question): Promise<Attempt> {
    const { route, body } = question;
    const request = { method: "POST", target: route, body };
    const nonce = this.#nextNonce();
    const headers = signRequest({ ...request, signer: this.#signer, receiver: miner, nonce });
    const response = await pool.request({
      method: "POST",
      path: route,
      headers: { ...headers, "content-type": MESSAGE_CONTENT_TYPE, accept: MESSAGE_CONTENT_TYPE },
      body,
      signal,
    });
    const { statusCode: status } = response;
    const limit = status === 200 ? question.maxResponseBytes : MAX_REFUSAL_BYTES;
    const bytes = await readAnswer(response.body, limit);
    if (status !== 200) {
      return fromRefusal(status, bytes === undefined ? undefined : refusalCode(bytes), response.headers);
    }
    if (bytes === undefined) return { kind: "failed", reason: "answer-too-large" };
    const contentType = response.headers["content-type"];
    if (typeof contentType !== "string") return { kind: "failed", reason: "wrong-shape" };
    const reply = { status, contentType, headers: response.headers as WireHeaders, body: bytes };
    if (!verifyReply(reply, { ...request, headers }, miner))
      return { kind: "failed", reason: "bad-signature" };
    return asMessageFrame(bytes, contentType, question.maxResponseBytes);
  }
}

/** Replies are kept in one form: the binary frame. */
function asMessageFrame(bytes: Uint8Array, contentType: string, maxBytes: number): Attempt {
  const isFrame = contentType.split(";")[0]!.trim().toLowerCase() === MESSAGE_CONTENT_TYPE;
  if (isFrame) return { kind: "answer", body: bytes };
  try {
    return { kind: "answer", body: encodeMessage(decodeMessage(bytes, contentType, { maxBytes })) };
  } catch {
    return { kind: "failed", reason: "wrong-shape" };
  }
}

function fromRefusal(status: number, code: RefusalCode | undefined, headers: WireHeaders): Attempt {
  if (status === 401 && (code === "BTAUTH_STALE" || code === "BTAUTH_REPLAYED")) {
    return { kind: "again", reason: "refused", afterMs: 0, limited: true };
  }
  return fromStatus(status, headers);
}

function refusalCode(bytes: Uint8Array): RefusalCode | undefined {
  try {
    const { code } = JSON.parse(Buffer.from(bytes).toString("utf8")) as { code?: unknown };
    return isRefusalCode(code) ? code : undefined;
  } catch {
    return undefined;
  }
}
