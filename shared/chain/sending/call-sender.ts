import { SubforgeError } from "../../errors.ts";
import type { ChainSigner } from "../../keys/external-signer.ts";
import type { BlockNumber, Hex } from "../../types.ts";
import { buildCall } from "../build-call.ts";
import type { BlockHead, Call, Inclusion, SignedCall } from "../chain.ts";
import type { EndpointPool } from "../link/endpoint-pool.ts";
import { EndpointFailure, RpcRefusal } from "../link/rpc-socket.ts";
import { ALREADY_IMPORTED, blockOf, fromPoolError, isGone, PRIORITY_TOO_LOW } from "../pool-answer.ts";
import type { Runtimes } from "../runtime/runtimes.ts";
import { signExtrinsic } from "../sign-extrinsic.ts";
import type { BlockSearch } from "./block-search.ts";
import { Mailbox } from "./mailbox.ts";
import { NonceBook } from "./nonce-book.ts";

/** Blocks a signed call stays valid: short enough to know its fate soon, long enough for a chain of 250 ms blocks. */
const ERA_BLOCKS = 128;

/** A final block so close to the best one is where the era begins: no fork can take it away. */
const FINAL_WITHIN = 32;

const WATCH = ["author_submitAndWatchExtrinsic", "author_unwatchExtrinsic"] as const;

type News = { kind: "block"; hash: Hex } | { kind: "gone" | "lost" | "change" };

type Deps = { pool: EndpointPool; runtimes: Runtimes; search: BlockSearch; inclusionTimeoutMs: number };

/** Signs calls, sends them, and finds out what became of them. What a nonce stands for is asked of the chain. */
export class CallSender {
  readonly #deps: Deps;
  readonly #nonces = new NonceBook();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  async sign(call: Call, signer: ChainSigner): Promise<SignedCall> {
    const { pool, runtimes } = this.#deps;
    const { api } = await runtimes.forWriting();
    const extrinsic = buildCall(api, call);
    const head = await pool.head();
    const birth = this.#birth(head);
    const nonce = this.#nonces.next(signer.address, await this.#nextNonce(signer.address));
    const era = api.registry.createType("ExtrinsicEra", { current: birth.number, period: ERA_BLOCKS });
    await signExtrinsic(api.registry, extrinsic, signer, {
      blockHash: birth.hash,
      era,
      genesisHash: api.genesisHash,
      nonce,
      specVersion: api.runtimeVersion.specVersion,
      transactionVersion: api.runtimeVersion.transactionVersion,
      tip: 0,
    });
    const signed: SignedCall = {
      bytes: extrinsic.toHex(),
      extrinsicHash: extrinsic.hash.toHex(),
      signer: signer.address,
      nonce,
      validUntil: era.asMortalEra.death(birth.number) - 1,
    };
    this.#nonces.set(signed, "reserved");
    return signed;
  }

  async submit(call: SignedCall): Promise<Inclusion> {
    try {
      const inclusion = await this.#follow(call, await this.#deps.pool.head());
      this.#nonces.set(call, "included");
      return inclusion;
    } catch (error) {
      const state = this.#nonces.stateOf(call);
      const isOpen = error instanceof SubforgeError && error.code === "CHAIN_OUTCOME_UNKNOWN";
      if (isOpen && state === "submitted") this.#nonces.set(call, "ambiguous");
      else if (!isOpen) this.#nonces.forget(call);
      throw error;
    }
  }

  /**
   * Sends it and waits for a block that has it, through lost connections, other endpoints and forks. The bytes are the
   * same each time, so that it cannot be included twice.
   */
  async #follow(call: SignedCall, start: BlockHead): Promise<Inclusion> {
    const { pool, inclusionTimeoutMs } = this.#deps;
    const untilMs = Date.now() + inclusionTimeoutMs;
    const news = new Mailbox<News>();
    let isSent = false;
    let isWatched = false;
    let isWithNobody = false;
    let stopWatching = (): void => {};
    let searched = start.number;
    const stopListening = pool.onChange(() => news.put({ kind: "change" }));
    try {
      for (;;) {
        if (!isWatched) {
          const watch = await this.#send(call, news, isSent);
          isSent ||= watch !== "nobody";
          if (typeof watch === "function") {
            stopWatching = watch;
            isWatched = true;
          } else if (isSent) {
            // Nobody tells: look for it in each new block.
            const best = pool.best?.number ?? searched;
            const found = best > searched ? await this.#found(call, searched - 1, best) : undefined;
            if (found) return found;
            searched = Math.max(searched, best);
          }
          isWithNobody = watch === "nobody";
        }
        const leftMs = untilMs - Date.now();
        // While somebody tells, changes mean nothing; while nobody does, each new block may have it.
        const matters = () => !isWatched && (isWithNobody || (pool.best?.number ?? 0) > searched);
        const next = leftMs > 0 && !pool.isClosed ? await this.#take(news, matters, leftMs) : undefined;
        if (!next) throw await this.#unknownOr(call, start.number);
        if (next.kind === "lost") isWatched = false;
        if (next.kind === "gone") throw await this.#unknownOr(call, start.number);
        const found = next.kind === "block" && (await this.#inBlock(call, next.hash));
        if (found) return found;
      }
    } catch (error) {
      if (error instanceof Found) return error.inclusion;
      throw error;
    } finally {
      stopListening();
      stopWatching();
    }
  }

  async #take(news: Mailbox<News>, matters: () => boolean, leftMs: number): Promise<News | undefined> {
    const untilMs = Date.now() + leftMs;
    for (;;) {
      const next = await news.take(untilMs - Date.now());
      if (this.#deps.pool.isClosed) return undefined;
      if (next?.kind !== "change" || matters()) return next;
    }
  }

  /**
   * @returns how to stop watching; `pooled` when a pool has it and does not tell; `nobody` when no endpoint took it.
   * @throws SubforgeError CHAIN_CALL_REFUSED, CHAIN_NONCE_TAKEN; CHAIN_UNREACHABLE when it never left
   */
  async #send(
    call: SignedCall,
    news: Mailbox<News>,
    isSent: boolean,
  ): Promise<(() => void) | "pooled" | "nobody"> {
    const { pool } = this.#deps;
    const onStatus = (status: unknown) => {
      const said = status as string | Record<string, unknown>;
      const hash = blockOf(said);
      if (hash) news.put({ kind: "block", hash });
      else if (isGone(said)) news.put({ kind: "gone" });
    };
    try {
      const writer = pool.writer();
      this.#nonces.set(call, "submitted");
      return await writer.subscribe(WATCH, [call.bytes], onStatus, () => news.put({ kind: "lost" }));
    } catch (error) {
      if (error instanceof RpcRefusal) return await this.#onRefusal(call, error);
      if (error instanceof EndpointFailure) return error.kind === "busy" ? "nobody" : "pooled"; // it may have been heard
      if (isSent) return "nobody"; // nobody is there now; somebody may be, soon
      throw error;
    }
  }

  /** A pool refuses bytes that are in a block already, too: their nonce is used up. */
  async #onRefusal(call: SignedCall, refusal: RpcRefusal): Promise<"pooled"> {
    if (refusal.code === ALREADY_IMPORTED) return "pooled";
    const name = this.#nameOf(call.bytes);
    const spent = (await this.#spentNonces(call.signer)) > call.nonce;
    if (spent) {
      const head = await this.#deps.pool.head();
      const found = await this.#found(call, firstBlockOf(call, head.number), head.number);
      if (found) throw new Found(found);
    }
    if (spent || refusal.code === PRIORITY_TOO_LOW) {
      const { signer, nonce } = call;
      throw new SubforgeError("CHAIN_NONCE_TAKEN", { call: name, signer, nonce }, { cause: refusal });
    }
    throw fromPoolError(refusal, { call: name, extrinsicHash: call.extrinsicHash });
  }

  /** Nobody told us: the blocks are asked before its outcome is called unknown. */
  async #unknownOr(call: SignedCall, from: BlockNumber): Promise<Error> {
    const { pool } = this.#deps;
    const { extrinsicHash } = call;
    const found = await pool
      .head()
      .then((head) => this.#found(call, from, head.number))
      .catch(() => undefined);
    if (found) return new Found(found);
    return new SubforgeError("CHAIN_OUTCOME_UNKNOWN", { call: this.#nameOf(call.bytes), extrinsicHash });
  }

  /** A failure to look is no answer: the next news is waited for. */
  async #inBlock(call: SignedCall, hash: Hex): Promise<Inclusion | undefined> {
    try {
      return await this.#deps.search.inBlock(call.extrinsicHash, hash);
    } catch (error) {
      if (error instanceof SubforgeError && error.retryable) return undefined;
      throw error;
    }
  }

  async #found(call: SignedCall, from: BlockNumber, to: BlockNumber): Promise<Inclusion | undefined> {
    try {
      return await this.#deps.search.between(call.extrinsicHash, Math.max(0, from), to);
    } catch (error) {
      if (error instanceof SubforgeError && error.retryable) return undefined;
      throw error;
    }
  }

  #birth(head: BlockHead): BlockHead {
    const { finalized } = this.#deps.pool;
    return finalized && finalized.number <= head.number && head.number - finalized.number <= FINAL_WITHIN
      ? finalized
      : head;
  }

  /** With what waits in the pool of the endpoint that will get the call. */
  async #nextNonce(address: string): Promise<number> {
    const answer = await this.#deps.pool.askWriter("system_accountNextIndex", [address]);
    if (typeof answer === "number" && Number.isSafeInteger(answer) && answer >= 0) return answer;
    throw new SubforgeError("CHAIN_BAD_ANSWER", { what: "the nonce", problem: `it is ${String(answer)}` });
  }

  /** Calls of this key in blocks. */
  async #spentNonces(address: string): Promise<number> {
    const { api } = this.#deps.runtimes.present;
    const head = await this.#deps.pool.head();
    const at = await api.at(head.hash, api.runtimeVersion);
    const account = (await at.query.system.account(address)) as unknown as { nonce: { toNumber(): number } };
    return account.nonce.toNumber();
  }

  #nameOf(bytes: Hex): string {
    const { api } = this.#deps.runtimes.present;
    const { section, method } = api.registry.findMetaCall(api.createType("Extrinsic", bytes).callIndex);
    return `${section}.${method}`;
  }
}

/** Not a failure: ends the waiting from the inside. */
class Found extends Error {
  readonly inclusion: Inclusion;

  constructor(inclusion: Inclusion) {
    super("found");
    this.inclusion = inclusion;
  }
}

/** An era is at most so long, so no earlier block can have it. */
function firstBlockOf({ validUntil }: SignedCall, best: BlockNumber): BlockNumber {
  return Math.max(0, (validUntil ?? best) - ERA_BLOCKS);
}
