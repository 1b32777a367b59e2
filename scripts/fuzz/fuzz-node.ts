import { Pool } from "undici";
import { WebSocket } from "ws";
import { randomFrom } from "../../shared/rules/beacon.ts";
import type { Hex } from "../../shared/types.ts";
import { goldenExtrinsics, goldenMessages, type Message } from "./golden-messages.ts";
import { mutate } from "./mutate.ts";

/** A message without an answer after this is a hang: the longest legal one makes 10,000 blocks. */
const ANSWER_DEADLINE_MS = 60_000;
/** Subscriptions of a connection end with it. */
const MESSAGES_PER_CONNECTION = 400;
const CONNECTIONS = 6;
/** What a stack trace or a bug leaves behind: an error nobody meant. */
const INTERNAL_ERROR = -32_603;
const MAX_FINDINGS = 20;

export type FuzzFinding = { problem: string; over: "http" | "ws"; message: string; answer: string };

export type FuzzReport = {
  sent: number;
  /** Answers by kind: `result`, the code of an error, `none` for a notification, `closed 1007` for bytes that are no text. */
  answers: Record<string, number>;
  findings: FuzzFinding[];
};

export type FuzzOptions = {
  endpoint: string;
  seed: number;
  count: number;
  onProgress?: (sent: number) => void;
};

/**
 * Send mutated requests and extrinsics over real sockets, half by HTTP and half by WebSocket, and look at every answer.
 * Equal seeds send equal messages.
 */
export async function fuzzNode({ endpoint, seed, count, onProgress }: FuzzOptions): Promise<FuzzReport> {
  const report: FuzzReport = { sent: 0, answers: {}, findings: [] };
  const http = new HttpTarget(endpoint);
  const ask = async (method: string, ...params: unknown[]) =>
    JSON.parse(await http.exchange(Buffer.from(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }))))
      .result;
  try {
    const genesisHash = (await ask("chain_getBlockHash", 0)) as Hex;
    const { methods } = (await ask("rpc_methods")) as { methods: string[] };
    const goldens = goldenMessages(methods, genesisHash, goldenExtrinsics(genesisHash));
    await Promise.all(
      Array.from({ length: CONNECTIONS }, (_, line) =>
        runLine(line, { endpoint, seed, count, onProgress }, http, goldens, report),
      ),
    );
    const alive = await ask("system_chain");
    if (typeof alive !== "string")
      note(report, "the node does not answer any more", "http", "", String(alive));
    return report;
  } finally {
    await http.close();
  }
}

async function runLine(
  line: number,
  { endpoint, seed, count, onProgress }: FuzzOptions,
  http: HttpTarget,
  goldens: readonly Message[],
  report: FuzzReport,
): Promise<void> {
  const seedBytes = Buffer.alloc(32);
  seedBytes.writeUInt32LE(seed);
  seedBytes.writeUInt32LE(line, 4);
  const random = randomFrom(seedBytes);
  const socket = new SocketTarget(endpoint);
  const draw = () => goldens[random.below(goldens.length)]!;
  for (let i = line; i < count; i += CONNECTIONS) {
    const message = mutate(draw(), draw(), random);
    const over = line % 2 === 0 ? "ws" : "http";
    let answer: string;
    try {
      answer = await (over === "ws" ? socket : http).exchange(message);
    } catch (error) {
      note(report, String(error), over, message, "");
      continue;
    } finally {
      report.sent++;
      if (report.sent % 1000 === 0) onProgress?.(report.sent);
    }
    judge(report, over, message, answer);
  }
  await socket.close();
}

/** Every answer is a result or an error with a code. */
function judge(report: FuzzReport, over: "http" | "ws", message: Buffer, answer: string): void {
  const kinds = kindsOf(answer);
  for (const kind of kinds) report.answers[kind] = (report.answers[kind] ?? 0) + 1;
  const bad = kinds.find((kind) => kind === "malformed" || kind === String(INTERNAL_ERROR));
  if (bad)
    note(
      report,
      bad === "malformed" ? "an answer of no known form" : "an internal error",
      over,
      message,
      answer,
    );
}

function kindsOf(answer: string): string[] {
  if (answer === "" || answer.startsWith("closed ")) return [answer || "none"];
  try {
    const parsed = JSON.parse(answer) as unknown;
    return (Array.isArray(parsed) ? parsed : [parsed]).map((one) => {
      if (typeof one !== "object" || one === null) return "malformed";
      if ("result" in one) return "result";
      const { code } = (one as { error?: { code?: unknown } }).error ?? {};
      return Number.isInteger(code) ? String(code) : "malformed";
    });
  } catch {
    return ["malformed"];
  }
}

function note(
  report: FuzzReport,
  problem: string,
  over: "http" | "ws",
  message: Buffer | string,
  answer: string,
): void {
  if (report.findings.length >= MAX_FINDINGS) return;
  report.findings.push({
    problem,
    over,
    message: message.toString().slice(0, 600),
    answer: answer.slice(0, 600),
  });
}

class HttpTarget {
  readonly #pool: Pool;

  constructor(endpoint: string) {
    this.#pool = new Pool(endpoint.replace("ws", "http"), {
      connections: CONNECTIONS,
      headersTimeout: ANSWER_DEADLINE_MS,
      bodyTimeout: ANSWER_DEADLINE_MS,
    });
  }

  /** @returns the body, empty when there is nothing to answer */
  async exchange(message: Buffer): Promise<string> {
    const headers = { "content-type": "application/json" };
    const { statusCode, body } = await this.#pool.request({
      path: "/",
      method: "POST",
      headers,
      body: message,
    });
    const text = await body.text();
    if (statusCode >= 500) throw new Error(`HTTP status ${statusCode}`);
    return statusCode >= 400 ? JSON.stringify({ error: { code: statusCode } }) : text;
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}

/** One connection after the other; the node may end one that broke the protocol. */
class SocketTarget {
  readonly #endpoint: string;
  #socket: WebSocket | undefined;
  #used = 0;

  constructor(endpoint: string) {
    this.#endpoint = endpoint;
  }

  /** Asks something harmless behind the message: what comes before that answer, and is no subscription's, is its own. */
  async exchange(message: Buffer): Promise<string> {
    if (this.#used++ >= MESSAGES_PER_CONNECTION) await this.close();
    const socket = await this.#open();
    const marker = `after-${this.#used}`;
    return new Promise((resolve, reject) => {
      let answer = "";
      const done = (settle: () => void) => {
        clearTimeout(timer);
        socket.off("message", onMessage);
        socket.off("close", onClose);
        settle();
      };
      const onMessage = (data: Buffer) => {
        const text = data.toString();
        if (text.includes(`"id":"${marker}"`)) done(() => resolve(answer));
        else if (!text.includes('"subscription":')) answer = text;
      };
      const onClose = (code: number) =>
        done(() => {
          this.#socket = undefined;
          if (code === 1006) reject(new Error("the connection broke"));
          else resolve(`closed ${code}`);
        });
      const timer = setTimeout(() => done(() => reject(new Error("no answer"))), ANSWER_DEADLINE_MS);
      socket.on("message", onMessage);
      socket.on("close", onClose);
      socket.send(message, { binary: false });
      socket.send(JSON.stringify({ jsonrpc: "2.0", id: marker, method: "system_chain" }));
    });
  }

  async #open(): Promise<WebSocket> {
    if (this.#socket) return this.#socket;
    const socket = new WebSocket(this.#endpoint);
    await new Promise((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    socket.on("error", () => undefined); // told by its end
    this.#used = 1;
    this.#socket = socket;
    return socket;
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket) return;
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.close();
    await closed;
  }
}
