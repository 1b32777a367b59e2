import type { Keypair } from "../shared/keys/keypair.ts";
import type { Hotkey } from "../shared/types.ts";
import type { AddressPolicy } from "../shared/wire/address-policy.ts";
import {
  type SignedLines,
  sha256Hex,
  signedBytes,
  signLines,
  type WireHeaders,
} from "../shared/wire/btauth.ts";
import { decodeMessage, encodeMessage, MESSAGE_CONTENT_TYPE } from "../shared/wire/message.ts";
import { createNonceSource } from "../shared/wire/nonce.ts";
import { isRefusalCode, type RefusalCode } from "../shared/wire/refusals.ts";
import { verifyReplyTo } from "../shared/wire/reply.ts";
import { AskedBefore } from "./asked-before.ts";
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
import type { Exchanged } from "./exchange.ts";
import type { WorkerMeter } from "./worker-metrics.ts";

const MAX_REFUSAL_BYTES = 1_024;

/** Asks miners in btauth/1, and believes only signed replies. */
export class Dendrite implements Asker {
  readonly #signer: Keypair;
  readonly #meter: Pick<WorkerMeter, "signed"> | undefined;
  readonly #nextNonce = createNonceSource();
  readonly #asking: Asking;
  readonly #before = new AskedBefore();
  /** By the buffer that many miners share: hashed once. */
  readonly #bodyHashes = new WeakMap<Uint8Array, string>();

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

  ask(target: Target, question: Question): Promise<Reply | undefined> {
    return this.#asking.ask(target, question, (place) => this.#attempt(place, target.hotkey, question));
  }

  close(): Promise<void> {
    return this.#asking.close();
  }

  /** Each attempt has a nonce and a signature of its own, made just before it is sent. */
  async #attempt(place: Place, miner: Hotkey, question: Question): Promise<Attempt> {
    const { route, body, maxResponseBytes } = question;
    let requestHash = "";
    const exchanged = await this.#asking.send(place, () => {
      const lines: SignedLines = {
        ...{ scheme: "sr25519", method: "POST", target: route, bodyHash: this.#hashOf(body) },
        ...{ nonce: this.#nextNonce(), sender: this.#signer.address, receiver: miner },
      };
      requestHash = sha256Hex(signedBytes(lines));
      this.#before.asked(miner, requestHash);
      const startedMs = performance.now();
      const headers = signLines(this.#signer, lines);
      this.#meter?.signed((performance.now() - startedMs) / 1e3);
      headers["content-type"] = headers.accept = MESSAGE_CONTENT_TYPE;
      const limitFor = (status: number) => (status === 200 ? maxResponseBytes : MAX_REFUSAL_BYTES);
      return { path: route, headers, body, limitFor };
    });
    if (!exchanged.ok) return fromBroken(exchanged);
    const { status, headers, body: bytes } = exchanged;
    if (status !== 200) return fromRefusal(status, bytes && refusalCode(bytes), headers);
    if (bytes === undefined) return { kind: "failed", reason: "answer-too-large" };
    return this.#asking.inTurn(() =>
      this.#believe({ ...exchanged, body: bytes }, requestHash, miner, question),
    );
  }

  #believe(
    { status, headers, body }: Extract<Exchanged, { ok: true }> & { body: Uint8Array },
    requestHash: string,
    miner: Hotkey,
    { maxResponseBytes }: Question,
  ): Attempt {
    const contentType = headers["content-type"];
    if (typeof contentType !== "string") return { kind: "failed", reason: "wrong-shape" };
    const reply = { status, contentType, headers, body };
    const sender = this.#signer.address;
    const signature = String(headers["x-bittensor-signature"]);
    if (verifyReplyTo({ requestHash, sender }, reply, miner)) {
      this.#before.answered(miner, signature);
      return asMessageFrame(body, contentType, maxResponseBytes);
    }
    if (this.#before.knows(miner, signature)) return { kind: "failed", reason: "answer-replayed" };
    const isOfAnother = this.#before
      .others(miner, requestHash)
      .some((other) => verifyReplyTo({ requestHash: other, sender }, reply, miner));
    return { kind: "failed", reason: isOfAnother ? "wrong-question" : "bad-signature" };
  }

  #hashOf(body: Uint8Array): string {
    const known = this.#bodyHashes.get(body);
    if (known !== undefined) return known;
    const made = sha256Hex(body);
    this.#bodyHashes.set(body, made);
    return made;
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
