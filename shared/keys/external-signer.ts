import { connect, type Socket } from "node:net";
import { z } from "zod";
import { SubforgeError } from "../errors.ts";
import type { Hotkey } from "../types.ts";
import { type Keypair, type KeyScheme, toAddress, verifyWith } from "./keypair.ts";
import { signedBytesOf } from "./signing-payload.ts";

/*
 * A key that lives in another process, on this machine or behind a forwarded socket. One connection per signature, one
 * line of JSON each way. docs/keys.md describes the protocol for whoever writes a signer.
 */

export const SIGNER_PROTOCOL = "subforge-signer/1";

/** Far more than a signature or an excuse needs. */
const MAX_ANSWER_BYTES = 4096;

/** What the line to a signer may be: a call with weights for a full subnet has 16 kB. */
export const MAX_REQUEST_BYTES = 2 ** 20;

const DEFAULT_TIMEOUT_MS = 10_000;

const answerSchema = z.union([
  z.object({ id: z.number(), signature: z.string().regex(/^0x[0-9a-fA-F]{128}$/) }),
  z.object({ id: z.number(), error: z.string().max(300) }),
]);

/** Whoever can sign a call of the chain. */
export type ChainSigner = Keypair | ExternalSigner;

export type ExternalSignerOptions = {
  /** Path of a Unix domain socket. */
  path: string;
  publicKey: Uint8Array;
  scheme: KeyScheme;
  /** From the first byte to the verified signature. A person who has to confirm needs more than the 10 s default. */
  timeoutMs?: number | undefined;
};

/** Signs through a socket, and hands out only signatures that it has verified. */
export class ExternalSigner {
  readonly address: Hotkey;
  readonly publicKey: Uint8Array;
  readonly scheme: KeyScheme;
  readonly #path: string;
  readonly #timeoutMs: number;
  #lastId = 0;

  constructor({ path, publicKey, scheme, timeoutMs = DEFAULT_TIMEOUT_MS }: ExternalSignerOptions) {
    this.#path = path;
    this.#timeoutMs = timeoutMs;
    this.publicKey = publicKey;
    this.scheme = scheme;
    this.address = toAddress(publicKey);
  }

  /**
   * @param payload - Of a call, unhashed: the signer can read what it signs.
   * @returns 64 bytes over the payload, or over blake2-256 of one longer than 256 bytes.
   * @throws SubforgeError SIGNER_UNREACHABLE, SIGNER_TIMEOUT, SIGNER_REFUSED, SIGNER_BAD_ANSWER
   */
  async signPayload(payload: Uint8Array): Promise<Uint8Array> {
    const { address, scheme } = this;
    const id = ++this.#lastId;
    const hex = `0x${Buffer.from(payload).toString("hex")}`;
    const request = JSON.stringify({ protocol: SIGNER_PROTOCOL, id, address, scheme, payload: hex });
    const answer = this.#parse(await this.#ask(`${request}\n`), id);
    if ("error" in answer) {
      throw new SubforgeError("SIGNER_REFUSED", {
        signer: this.#path,
        address,
        reason: printable(answer.error),
      });
    }
    const signature = Uint8Array.from(Buffer.from(answer.signature.slice(2), "hex"));
    if (!verifyWith(scheme, signedBytesOf(payload), signature, this.publicKey)) {
      throw this.#badAnswer(`its signature is not one of ${address} over what was asked`);
    }
    return signature;
  }

  #parse(line: string, id: number): z.infer<typeof answerSchema> {
    let json: unknown;
    try {
      json = JSON.parse(line);
    } catch {
      throw this.#badAnswer("it is not JSON");
    }
    const parsed = answerSchema.safeParse(json);
    if (!parsed.success) throw this.#badAnswer("it is neither a signature nor an error");
    if (parsed.data.id !== id) throw this.#badAnswer(`it belongs to request ${parsed.data.id}, not ${id}`);
    return parsed.data;
  }

  /** The first line that comes back. */
  #ask(request: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let answer = "";
      const socket: Socket = connect(this.#path);
      const end = (error: SubforgeError | undefined, line = ""): void => {
        clearTimeout(timer);
        socket.destroy();
        if (error) reject(error);
        else resolve(line);
      };
      const timer = setTimeout(() => {
        end(new SubforgeError("SIGNER_TIMEOUT", { signer: this.#path, timeoutMs: this.#timeoutMs }));
      }, this.#timeoutMs);
      socket.setEncoding("utf8");
      socket.once("connect", () => socket.write(request));
      socket.on("data", (text: string) => {
        answer += text;
        const newline = answer.indexOf("\n");
        if (newline !== -1) end(undefined, answer.slice(0, newline));
        else if (answer.length > MAX_ANSWER_BYTES)
          end(this.#badAnswer(`it is longer than ${MAX_ANSWER_BYTES} bytes`));
      });
      socket.once("end", () => end(this.#unreachable("it hung up without an answer")));
      socket.once("error", (error: NodeJS.ErrnoException) =>
        end(this.#unreachable(error.code ?? error.message)),
      );
    });
  }

  #badAnswer(problem: string): SubforgeError {
    return new SubforgeError("SIGNER_BAD_ANSWER", { signer: this.#path, problem });
  }

  #unreachable(reason: string): SubforgeError {
    return new SubforgeError("SIGNER_UNREACHABLE", { signer: this.#path, reason });
  }
}

/** What a stranger wrote must not move the cursor of a terminal. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e\u00a0-\uffff]/g, "?");
}
