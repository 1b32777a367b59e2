import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type {
  BlockHead,
  Call,
  Chain,
  ChainIdentity,
  ChainStatus,
  Inclusion,
  SignedCall,
  SubnetRules,
  WireWeights,
} from "../shared/chain/chain.ts";
import type { Metagraph, Neuron } from "../shared/chain/metagraph.ts";
import { SenderLines } from "../shared/chain/sending/sender-lines.ts";
import { SubforgeError } from "../shared/errors.ts";
import type { Keypair } from "../shared/keys/keypair.ts";
import type { ChainValue, Message, MinerContext, SubnetTemplate, Synapse } from "../shared/template.ts";
import type { Hex, Hotkey } from "../shared/types.ts";
import { checkHeaders, DEFAULT_WINDOW, verifyBody } from "../shared/wire/btauth.ts";
import { decodeMessage, encodeMessage, MESSAGE_CONTENT_TYPE } from "../shared/wire/message.ts";
import { createNonceSource, unixNs } from "../shared/wire/nonce.ts";
import { refusalBody } from "../shared/wire/refusals.ts";
import { signReply } from "../shared/wire/reply.ts";
import { parsePythonJson, printPythonJson } from "../shared/wire/v10/python-json.ts";
import type { PythonDict } from "../shared/wire/v10/python-value.ts";
import { fromMessage, readBody, toQuestion } from "../shared/wire/v10/synapse-body.ts";

/*
 * The smallest chain and miners that a planner can tell no difference to: one subnet, epochs by tempo, calls that are
 * signed, pooled, included and refused. Blocks are made by hand, so that a test decides what happens in which.
 */

type Stored = { head: BlockHead; included: Map<Hex, Inclusion> };
type Body = { call: Call; signer: Hotkey; nonce: number; validUntil: number };

const ERA = 16;

export class TestChain implements Chain {
  readonly identity: ChainIdentity = {
    name: "test",
    genesis: hashOf("genesis"),
    specName: "test",
    specVersion: 1,
  };
  readonly netuid = 2;
  /** A subnet that was never registered. */
  readonly missingNetuid = 9;
  tempo = 10;
  /** Blocks between the best one and the last final one. */
  finalityLag = 0;
  rules: Partial<SubnetRules> = {};
  /** Every setWeights that was ever in a block or in the pool, by hash. */
  readonly contents = new Map<Hex, { epoch: number; weights: WireWeights }>();
  /** Calls of any kind. */
  signed = 0;
  /** Throw this at the next submit, after the bytes reached the pool or before. */
  trouble: { error: SubforgeError; reached: boolean } | undefined;
  readonly #lines = new SenderLines();
  readonly #neurons: Neuron[] = [];
  readonly #blocks: Stored[] = [{ head: headOf(0), included: new Map() }];
  readonly #pool = new Map<Hex, SignedCall>();
  readonly #sent = new Map<Hex, SignedCall>();
  readonly #nonces = new Map<Hotkey, number>();
  /** By hotkey and mechanism. */
  readonly #weights = new Map<string, WireWeights>();
  readonly #mechanismUpdates = new Map<string, number>();
  readonly #commitments = new Map<Hotkey, { data: Uint8Array; block: number }>();
  readonly #listeners = new Set<() => void>();
  #lastEpochBlock = 0;
  #epochIndex = 0;

  add(hotkey: Hotkey, port: number | undefined, part: Partial<Neuron> = {}): number {
    const uid = this.#neurons.length;
    this.#neurons.push(this.#neuron(uid, hotkey, port, part));
    return uid;
  }

  /** Somebody else registers in this slot. */
  replace(uid: number, hotkey: Hotkey, port: number | undefined): void {
    this.#neurons[uid] = this.#neuron(uid, hotkey, port, { registeredAt: this.best.number });
  }

  /** What a hotkey committed before anybody looked. */
  publish(hotkey: Hotkey, data: Uint8Array): void {
    this.#commitments.set(hotkey, { data, block: this.best.number });
  }

  /** Takes the validator permit away. */
  demote(uid: number): void {
    this.#neurons[uid]!.validatorPermit = false;
  }

  get best(): BlockHead {
    return this.#blocks.at(-1)!.head;
  }

  get epoch(): number {
    return this.#epochIndex;
  }

  makeBlock(): void {
    const number = this.best.number + 1;
    const included = new Map<Hex, Inclusion>();
    this.#blocks.push({ head: headOf(number), included });
    for (const [hash, call] of this.#pool) {
      this.#pool.delete(hash);
      const body = parse(call);
      if (body.validUntil < number || body.nonce !== (this.#nonces.get(body.signer) ?? 0)) continue;
      this.#nonces.set(body.signer, body.nonce + 1);
      const where = {
        block: number,
        blockHash: headOf(number).hash,
        extrinsicHash: hash,
        finalized: this.finalityLag === 0,
      };
      const error = this.#apply(body, number);
      included.set(
        hash,
        error ? { ok: false, ...where, error: { name: error, docs: "" } } : { ok: true, ...where },
      );
    }
    if (number - this.#lastEpochBlock >= this.tempo) {
      this.#lastEpochBlock = number;
      this.#epochIndex++;
    }
    for (const listener of this.#listeners) listener();
  }

  /** A fork: another block takes the place of the best one, and what that had included is lost. */
  dropBest(): void {
    const { head, included } = this.#blocks.pop()!;
    for (const inclusion of included.values()) {
      const call = this.#sent.get(inclusion.extrinsicHash);
      if (call) this.#nonces.set(call.signer, call.nonce);
    }
    const hash = hashOf(`fork of ${head.number} ${head.hash}`);
    this.#blocks.push({ head: { ...head, hash }, included: new Map() });
  }

  async head(): Promise<BlockHead> {
    return this.best;
  }

  async finalizedHead(): Promise<BlockHead> {
    return this.#blocks[Math.max(0, this.best.number - this.finalityLag)]!.head;
  }

  status(): ChainStatus {
    const finalized = this.best.number - this.finalityLag;
    return {
      best: this.best.number,
      finalized,
      isFinalityStalled: false,
      writeProblems: [],
      endpoints: [],
    };
  }

  async *heads(signal: AbortSignal): AsyncIterable<BlockHead> {
    let last = this.best.number - 1;
    let wake = (): void => {};
    const listener = () => wake();
    this.#listeners.add(listener);
    signal.addEventListener("abort", listener);
    while (!signal.aborted) {
      if (last < this.best.number) yield this.#blocks[++last]!.head;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
    this.#listeners.delete(listener);
  }

  async blockHash(number: number): Promise<Hex | undefined> {
    return this.#blocks[number]?.head.hash;
  }

  async subnetRules(netuid: number): Promise<SubnetRules> {
    if (netuid === this.missingNetuid) throw new SubforgeError("CHAIN_NO_SUBNET", { netuid });
    return {
      netuid,
      block: this.best.number,
      blockHash: this.best.hash,
      tempo: this.tempo,
      lastEpochBlock: this.#lastEpochBlock,
      epochIndex: this.#epochIndex,
      nextEpochBlock: this.#lastEpochBlock + this.tempo,
      weightsRateLimit: 0,
      minAllowedWeights: 1,
      maxWeightLimit: 65_535,
      weightsVersionKey: 0,
      ownerHotkey: "nobody",
      mechanisms: 1,
      commitRevealEnabled: false,
      commitReveal: undefined,
      stakeThresholdRao: 0n,
      ...this.rules,
    };
  }

  async metagraph(netuid: number): Promise<Metagraph> {
    return { netuid, block: this.best.number, neurons: structuredClone(this.#neurons) };
  }

  async weights(_netuid: number, uid: number, { mechanism = 0 } = {}): Promise<WireWeights> {
    return this.#weights.get(`${this.#neurons[uid]!.hotkey}/${mechanism}`) ?? { uids: [], values: [] };
  }

  async lastUpdate(_netuid: number, uid: number, mechanism = 0): Promise<number> {
    const { hotkey, lastUpdate } = this.#neurons[uid]!;
    return mechanism === 0 ? lastUpdate : (this.#mechanismUpdates.get(`${hotkey}/${mechanism}`) ?? 0);
  }

  async openCommits(): Promise<[]> {
    return [];
  }

  /** The same number for everybody who asks of one block. */
  async valueAt({ kind }: Pick<ChainValue, "kind">, at: Hex): Promise<number> {
    return kind.length + Number(BigInt(at) % 1_000n);
  }

  async commitment(_netuid: number, hotkey: Hotkey) {
    return this.#commitments.get(hotkey);
  }

  async commitments(_netuid: number, hotkeys: readonly Hotkey[]) {
    return new Map([...this.#commitments].filter(([hotkey]) => hotkeys.includes(hotkey)));
  }

  async balance(): Promise<bigint> {
    return 0n;
  }

  async sign(call: Call, signer: Keypair): Promise<SignedCall> {
    this.signed++;
    const pooled = [...this.#pool.values()].filter((other) => other.signer === signer.address).length;
    const nonce = (this.#nonces.get(signer.address) ?? 0) + pooled;
    const validUntil = this.best.number + ERA;
    const body = JSON.stringify({ call: toPlain(call), signer: signer.address, nonce, validUntil });
    const bytes: Hex = `0x${Buffer.from(body).toString("hex")}`;
    const extrinsicHash = hashOf(body);
    if (call.kind === "setWeights") {
      this.contents.set(extrinsicHash, { epoch: this.#epochIndex, weights: call.weights });
    }
    return { bytes, extrinsicHash, signer: signer.address, nonce, validUntil };
  }

  /** Follows the call as a real chain's client does: until a block has it, or an era is over. */
  async submit(call: SignedCall): Promise<Inclusion> {
    const trouble = this.trouble;
    this.trouble = undefined;
    const nonce = this.#nonces.get(call.signer) ?? 0;
    if (trouble && !trouble.reached) throw trouble.error;
    if (call.nonce < nonce) {
      throw new SubforgeError("CHAIN_CALL_REFUSED", { call: "call", code: 1010, reason: "stale nonce" });
    }
    this.#pool.set(call.extrinsicHash, call);
    this.#sent.set(call.extrinsicHash, call);
    if (trouble) throw trouble.error;
    const from = this.best.number;
    for (;;) {
      const found = await this.inclusionOf(call.extrinsicHash, from);
      if (found) return found;
      if (this.best.number > call.validUntil!) {
        throw new SubforgeError("CHAIN_OUTCOME_UNKNOWN", { call: "call", extrinsicHash: call.extrinsicHash });
      }
      await new Promise<void>((resolve) => {
        const listener = () => {
          this.#listeners.delete(listener);
          resolve();
        };
        this.#listeners.add(listener);
      });
    }
  }

  inTurn<T>(signer: Hotkey, work: () => Promise<T>): Promise<T> {
    return this.#lines.inTurn(signer, work);
  }

  async inclusionOf(hash: Hex, from: number): Promise<Inclusion | undefined> {
    for (const { included } of this.#blocks.slice(from)) {
      const found = included.get(hash);
      if (found) return found;
    }
    return undefined;
  }

  async close(): Promise<void> {}

  #apply({ call, signer }: Body, block: number): string | undefined {
    const neuron = this.#neurons.find(({ hotkey }) => hotkey === signer);
    if (!neuron) return "SubtensorModule.HotKeyNotRegisteredInSubNet";
    if (call.kind === "commit") this.#commitments.set(signer, { data: call.data, block });
    if (call.kind === "setWeights") {
      if (!neuron.validatorPermit) return "SubtensorModule.NeuronNoValidatorPermit";
      this.#weights.set(`${signer}/0`, call.weights);
      neuron.lastUpdate = block;
    }
    if (call.kind === "setMechanismWeights") {
      if (!neuron.validatorPermit) return "SubtensorModule.NeuronNoValidatorPermit";
      this.#weights.set(`${signer}/${call.mechanism}`, call.weights);
      this.#mechanismUpdates.set(`${signer}/${call.mechanism}`, block);
    }
    return undefined;
  }

  #neuron(uid: number, hotkey: Hotkey, port: number | undefined, part: Partial<Neuron>): Neuron {
    return {
      uid,
      hotkey,
      coldkey: hotkey,
      axon: port === undefined ? undefined : { ip: "127.0.0.1", port, protocol: 4, version: 0, block: 0 },
      stakeRao: 0n,
      validatorPermit: false,
      active: true,
      incentive: 0,
      dividends: 0,
      consensus: 0,
      emissionRao: 0n,
      lastUpdate: 0,
      registeredAt: 0,
      ...part,
    };
  }
}

export type TestMiner = { hotkey: Hotkey; port: number; asked(): number; close(): void };

/**
 * A miner that answers as its template says, or as `behave` makes of it; undefined breaks the connection off.
 */
export async function startTestMiner(
  template: SubnetTemplate,
  keypair: Keypair,
  behave: (response: Message, request: Message) => Message | undefined | Promise<Message | undefined> = (r) =>
    r,
): Promise<TestMiner> {
  let asked = 0;
  const memory = new Map<string, Message>();
  const nonce = createNonceSource();
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Uint8Array.from(Buffer.concat(chunks));
    const v10 = Object.values(template.synapses).find((synapse) => request.url === `/${synapse.v10?.name}`);
    if (v10) return answerV10(v10, body, response);
    const rules = { self: keypair.address, window: DEFAULT_WINDOW, requireReceiver: true };
    const claimed = checkHeaders(request.headersDistinct, rules, unixNs());
    if (!claimed.ok) return void response.writeHead(401).end(refusalBody(claimed.code));
    const verified = verifyBody(claimed, { method: request.method!, target: request.url!, body });
    if (!verified.ok) return void response.writeHead(401).end(refusalBody(verified.code));
    asked++;
    const synapse = template.synapses[request.url!.split("/")[2]!]!;
    const question = synapse.parseRequest(decodeMessage(body, MESSAGE_CONTENT_TYPE, { maxBytes: 1e6 }));
    const context: MinerContext = {
      hotkey: keypair.address,
      caller: verified.sender,
      infer: async (feeds) => feeds,
      memory: { get: (key) => memory.get(key), set: (key, value) => void memory.set(key, value) },
      signal: new AbortController().signal,
    };
    const answer = await behave(await synapse.answer(question, context), question);
    if (answer === undefined) return void response.destroy();
    const bytes = encodeMessage(answer);
    const head = { status: 200, contentType: MESSAGE_CONTENT_TYPE };
    const headers = signReply({ ...head, body: bytes, signer: keypair, request: verified, nonce: nonce() });
    response.writeHead(200, { ...headers, "content-type": MESSAGE_CONTENT_TYPE }).end(bytes);
  };
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    hotkey: keypair.address,
    port: (server.address() as { port: number }).port,
    asked: () => asked,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** As a Python axon does that trusts everybody. */
async function answerV10(synapse: Synapse, body: Uint8Array, response: ServerResponse): Promise<void> {
  const dict = parsePythonJson(body) as PythonDict;
  const question = synapse.parseRequest(toQuestion(synapse.v10!, readBody(synapse.v10!, dict)));
  const outputs = fromMessage(synapse.v10!, await synapse.answer(question, {} as MinerContext), "outputs");
  response.writeHead(200, { "content-type": "application/json", bt_header_axon_status_code: "200" });
  response.end(printPythonJson(new Map([...dict, ...outputs])));
}

function headOf(number: number): BlockHead {
  return { number, hash: hashOf(`block ${number}`), parentHash: hashOf(`block ${number - 1}`) };
}

function hashOf(text: string): Hex {
  return `0x${createHash("sha256").update(text).digest("hex")}`;
}

function toPlain(call: Call): unknown {
  return call.kind === "commit" ? { ...call, data: [...call.data] } : call;
}

function parse({ bytes }: SignedCall): Body {
  const body = JSON.parse(Buffer.from(bytes.slice(2), "hex").toString()) as Body;
  if (body.call.kind === "commit") body.call.data = Uint8Array.from(body.call.data as Iterable<number>);
  return body;
}
