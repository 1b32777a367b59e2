import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { request } from "undici";
import type { Call, Chain } from "../shared/chain/chain.ts";
import type { Neuron } from "../shared/chain/metagraph.ts";
import { SubforgeError } from "../shared/errors.ts";
import { Keypair } from "../shared/keys/keypair.ts";
import { type Logger, silentLogger } from "../shared/logger.ts";
import type { Message, Synapse } from "../shared/template.ts";
import { isTensor, type Tensor, tensor } from "../shared/tensor.ts";
import { signRequest } from "../shared/wire/btauth.ts";
import { decodeMessage, encodeMessage, MESSAGE_CONTENT_TYPE } from "../shared/wire/message.ts";
import { createNonceSource } from "../shared/wire/nonce.ts";
import { verifyReply } from "../shared/wire/reply.ts";
import { doubler } from "./inference/onnx.test-kit.ts";
import { type MinerDeps, type MinerOptions, type RunningMiner, startMiner } from "./miner.ts";

const NETUID = 2;
export const alice = once("//Alice"); // validator with a permit
export const bob = once("//Bob"); // the miner
export const charlie = once("//Charlie"); // registered, no permit
export const dave = once("//Dave"); // not registered

/** A phrase is stretched at each use: 20 ms. */
function once(uri: string): () => Keypair {
  let keypair: Keypair | undefined;
  return () => {
    keypair ??= Keypair.fromUri(uri);
    return keypair;
  };
}

/** What a miner asks of a chain, on rows in memory. `isAway` makes it fail. */
export class ThreeCallChain implements Pick<Chain, "metagraph"> {
  isAway = false;
  /** Blocks. */
  servingRateLimit = 0;
  block = 7;
  submitted: Call[] = [];
  refusal: string | undefined;
  neurons: Neuron[] = [bob(), alice(), charlie()].map(({ address }, uid) => ({
    ...{
      uid,
      hotkey: address,
      coldkey: address,
      axon: undefined,
      stakeRao: 1_000n,
      validatorPermit: uid === 1,
    },
    ...{
      active: true,
      incentive: 0,
      dividends: 0,
      consensus: 0,
      emissionRao: 0n,
      lastUpdate: 0,
      registeredAt: 0,
    },
  }));

  async metagraph(netuid: number) {
    if (this.isAway) throw new SubforgeError("CHAIN_UNREACHABLE", { endpoint: "ws://test", reason: "away" });
    return { netuid, block: this.block, neurons: this.neurons.map((neuron) => ({ ...neuron })) };
  }

  async subnetInfo() {
    return { block: this.block, hyperparameters: { serving_rate_limit: this.servingRateLimit } };
  }

  async sign(call: Call, signer: Pick<Keypair, "address">) {
    this.submitted.push(call);
    return {
      bytes: "0x" as const,
      extrinsicHash: "0x" as const,
      signer: signer.address,
      nonce: 0,
      validUntil: undefined,
    };
  }

  async commitment() {
    const call = this.submitted.findLast(({ kind }) => kind === "commit");
    return call?.kind === "commit" ? { data: call.data, block: 8 } : undefined;
  }

  inTurn<T>(_signer: string, work: () => Promise<T>): Promise<T> {
    return work();
  }

  async submit() {
    const place = { block: 8, blockHash: "0x08" as const, extrinsicHash: "0x" as const, finalized: true };
    if (this.refusal) return { ok: false as const, ...place, error: { name: this.refusal, docs: "" } };
    const call = this.submitted.at(-1)!;
    if (call.kind === "serveAxon") {
      this.neurons[0]!.axon = { ip: call.ip, port: call.port, protocol: 4, version: 1, block: 8 };
    }
    return { ok: true as const, ...place };
  }
}

/** Doubles numbers. `hold` keeps an answer back until its signal aborts, `wait` until the test calls `release`. */
export function doublingTemplate(timeoutMs = 5_000) {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const entered: string[] = [];
  const double: Synapse = {
    ...{ timeoutMs, maxRequestBytes: 100_000, maxResponseBytes: 100_000, createRequest: () => ({}) },
    parseRequest: ({ x, mode = "" }) => {
      if (!isTensor(x) || x.dtype !== "float32" || x.shape[1] !== 2) throw new Error("float32 [rows, 2]");
      return { x, mode };
    },
    answer: async ({ x, mode }, { infer, signal }) => {
      entered.push(String(mode));
      if (mode === "wait") await released;
      if (mode === "hold") {
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        entered.push("aborted");
      }
      if (mode === "break") throw new Error("the secret is hunter2");
      return { y: (await infer({ x: x as Tensor })).y! };
    },
    parseResponse: (message) => message,
  };
  return { template: { id: "double", synapses: { ask: double } }, release: () => release(), entered };
}

/** A miner with a real model process behind a real port. It stops with `stop`. */
export async function startTestMiner(
  options: Partial<MinerOptions> = {},
  {
    chain = new ThreeCallChain(),
    template = doublingTemplate().template,
    logger = silentLogger,
  }: {
    chain?: ThreeCallChain;
    template?: MinerDeps["template"];
    logger?: Logger;
  } = {},
): Promise<RunningMiner & { chain: ThreeCallChain; modelPath: string; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "subforge-miner-"));
  const modelPath = join(folder, "model.onnx");
  await writeFile(modelPath, doubler());
  const stopping = new AbortController();
  const remove = () => rm(folder, { recursive: true });
  try {
    const miner = await startMiner(
      { netuid: NETUID, port: 0, modelPath, refreshMs: 50, ...options },
      { chain, signer: bob(), template, logger, signal: stopping.signal },
    );
    const stop = async () => {
      stopping.abort();
      await miner.stopped;
      await remove();
    };
    return { ...miner, chain, modelPath, stop };
  } catch (error) {
    await remove();
    throw error;
  }
}

export type Question = {
  signer?: Keypair;
  receiver?: string | undefined;
  nonce?: bigint;
  target?: string;
  message?: Message;
  body?: Uint8Array;
  contentType?: string;
  /** Sent instead of or on top of what was signed. */
  headers?: Record<string, string>;
  sentBody?: Uint8Array;
  /** The caller goes away when it aborts. */
  signal?: AbortSignal;
};

const nextNonce = createNonceSource();

/** Signs a question and asks it. `code` is undefined for an answer, whose signature is checked. */
export async function ask(url: string, question: Question = {}) {
  const {
    signer = alice(),
    target = "/double/ask",
    nonce = nextNonce(),
    contentType = MESSAGE_CONTENT_TYPE,
  } = question;
  const message = question.message ?? { x: tensor("float32", [1, 2], Float32Array.of(1, 2)) };
  const body = question.body ?? encodeMessage(message);
  const receiver = "receiver" in question ? question.receiver : bob().address;
  const signed = signRequest({ signer, receiver, method: "POST", target, body, nonce });
  const headers = { "content-type": contentType, ...signed, ...question.headers };
  const reply = await request(url + target, {
    method: "POST",
    headers,
    body: question.sentBody ?? body,
    signal: question.signal ?? null,
  });
  const bytes = new Uint8Array(await reply.body.arrayBuffer());
  const replyType = String(reply.headers["content-type"]);
  if (reply.statusCode !== 200) {
    const text = Buffer.from(bytes).toString();
    return { status: reply.statusCode, code: JSON.parse(text).code as string, text, headers: reply.headers };
  }
  const isSigned = verifyReply(
    { status: 200, contentType: replyType, headers: reply.headers, body: bytes },
    { headers: signed, method: "POST", target, body },
    bob().address,
  );
  const answer = decodeMessage(bytes, replyType, { maxBytes: 100_000 });
  return { status: 200, code: undefined, isSigned, answer, headers: reply.headers };
}
