import { connect } from "node:net";
import type { Keypair } from "../../shared/keys/keypair.ts";
import { type Random, randomFrom } from "../../shared/rules/beacon.ts";
import { mutateRequest, toBytes } from "./mutate-request.ts";
import { type PlainRequest, signedQuestion } from "./signed-requests.ts";

export type AxonTarget = { port: number; hotkey: string; caller: Keypair };

export type AxonFuzzOptions = AxonTarget & {
  seed: number;
  count: number;
  onProgress?: (sent: number) => void;
};

export type AxonFuzzReport = {
  sent: number;
  /** By status, `closed` for a connection that ended without an answer, `none` for one that said nothing. */
  answers: Record<string, number>;
  /** Questions that were answered, each of them honest. */
  accepted: number;
  findings: { problem: string; request: string; answer: string }[];
};

/** Silence after which a client says that it has no more to say; then everything has to end soon. */
const PATIENCE_MS = 100;
const DEADLINE_MS = 10_000;
const CONNECTIONS = 64;
const MAX_FINDINGS = 20;
const MAX_SHOWN_CHARS = 2_000;
/** Goldens that a mutation may borrow from, or repeat as they are: some of them used up. */
const KEPT = 64;

/**
 * Sends generated requests over real sockets and looks at every answer. An answered question must be, byte by byte,
 * one that was signed for this miner and not answered before. Equal seeds break equal places; signatures and times
 * differ.
 */
export async function fuzzAxon(options: AxonFuzzOptions): Promise<AxonFuzzReport> {
  const { seed, count, onProgress } = options;
  const report: AxonFuzzReport = { sent: 0, answers: {}, accepted: 0, findings: [] };
  const honest = new Honest();
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async (_, line) => {
      const random = randomOf(seed, line);
      const kept: PlainRequest[] = [];
      // Every line calls from an address of its own and proves itself first: a miner reads little of what strangers send.
      const welcome = signedQuestion(options.caller, options.hotkey, random);
      honest.add(welcome);
      judge(report, honest, toBytes(welcome), await exchange(options.port, toBytes(welcome), line));
      for (let i = line; i < count; i += CONNECTIONS) {
        const golden = drawn(options, kept, random);
        honest.add(golden);
        const other = kept[random.below(kept.length)]!;
        const bytes = mutateRequest(golden, other, random);
        const answer = await exchange(options.port, bytes, line);
        report.sent += 1;
        judge(report, honest, bytes, answer);
        if (report.sent % 1_000 === 0) onProgress?.(report.sent);
      }
    }),
  );
  // It lives, and answers an honest question as if nothing had been.
  const last = signedQuestion(options.caller, options.hotkey, randomOf(seed, CONNECTIONS));
  honest.add(last);
  const answer = await exchange(options.port, toBytes(last), 0, 3_000);
  if (!answer.startsWith("HTTP/1.1 200"))
    note(report, "an honest question is not answered any more", toBytes(last), answer);
  judge(report, honest, toBytes(last), answer);
  return report;
}

/** Who signed what, and what of it was answered. */
class Honest {
  readonly #open = new Map<string, PlainRequest>();

  add(request: PlainRequest): void {
    const name = nameOf(headersOf(request.headers));
    if (name && !this.#used.has(name)) this.#open.set(name, request);
  }

  readonly #used = new Set<string>();

  /** @returns What is wrong with answering this request, undefined for nothing. */
  use(request: PlainRequest): string | undefined {
    const name = nameOf(headersOf(request.headers));
    const golden = name === undefined ? undefined : this.#open.get(name);
    if (!golden || !name) return name && this.#used.has(name) ? "answered twice" : "nobody signed this";
    this.#open.delete(name);
    this.#used.add(name);
    if (name.startsWith("v10 "))
      return request.target === golden.target ? undefined : "signed for another route";
    const isSame =
      request.method === golden.method &&
      request.target === golden.target &&
      request.body.equals(golden.body);
    // Epistula signs neither method nor path.
    const isCovered = name.startsWith("epistula ") ? request.body.equals(golden.body) : isSame;
    return isCovered ? undefined : "not what was signed";
  }
}

/** The signed names of a request: who, when, and the signature itself. */
function nameOf(headers: ReadonlyMap<string, string>): string | undefined {
  const read = (...names: string[]) => names.map((name) => headers.get(name)?.trim());
  const hex = (text: string | undefined) => text?.toLowerCase().replace(/^0x/, "");
  const [hotkey, nonce, signature] = read("x-bittensor-hotkey", "x-bittensor-nonce", "x-bittensor-signature");
  if (signature) return `btauth ${hotkey} ${nonce} ${hex(signature)}`;
  const [sender, time, uuid, mark] = read(
    ...["bt_header_dendrite_hotkey", "bt_header_dendrite_nonce"],
    ...["bt_header_dendrite_uuid", "bt_header_dendrite_signature"],
  );
  if (mark) return `v10 ${sender} ${time} ${uuid} ${hex(mark)}`;
  const [by, at, id, sign] = read(
    ...["epistula-signed-by", "epistula-timestamp", "epistula-uuid", "epistula-request-signature"],
  );
  return sign ? `epistula ${by} ${at} ${id} ${hex(sign)}` : undefined;
}

function drawn({ caller, hotkey }: AxonTarget, kept: PlainRequest[], random: Random): PlainRequest {
  // Signing costs more than sending: most requests are broken copies of one that was just signed.
  if (kept.length > 0 && random.below(8) > 0) return kept[random.below(Math.min(kept.length, 4))]!;
  const golden = signedQuestion(caller, hotkey, random);
  kept.unshift(golden);
  kept.length = Math.min(kept.length, KEPT);
  return golden;
}

function judge(report: AxonFuzzReport, honest: Honest, bytes: Buffer, answer: string): void {
  const statuses = [...answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => status!);
  for (const status of statuses.length > 0 ? statuses : [answer || "none"])
    report.answers[status] = (report.answers[status] ?? 0) + 1;
  if (statuses.includes("500")) note(report, "an internal error", bytes, answer);
  if (answer === "" || answer === "closed") return;
  if (statuses.length === 0) note(report, "an answer of no known form", bytes, answer);
  let left = statuses.filter((status) => status === "200").length;
  for (const request of split(bytes)) {
    if (left === 0) return;
    if (isPublic(request)) {
      left -= 1;
      continue;
    }
    // Of several requests in one go some may have been refused: only an honest one explains an answer.
    const before = honest.use(request);
    if (before === undefined) {
      report.accepted += 1;
      left -= 1;
    }
  }
  if (left > 0)
    note(report, "an answer to what nobody signed, or to what was answered before", bytes, answer);
}

function isPublic({ method, target }: PlainRequest): boolean {
  return method === "GET" && /^\/(health|v2|openapi)/.test(target);
}

/** Requests one after the other, as the simplest reader of HTTP sees them. */
function split(bytes: Buffer): PlainRequest[] {
  const requests: PlainRequest[] = [];
  for (let rest = bytes; rest.length > 0; ) {
    while (rest[0] === 13 || rest[0] === 10) rest = rest.subarray(1); // empty lines, and halves of them, count for nothing
    const end = rest.indexOf("\r\n\r\n");
    if (end < 0) break;
    const [first = "", ...lines] = rest.subarray(0, end).toString("latin1").split("\r\n");
    const [method = "", target = ""] = first.split(" ");
    const headers = lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    });
    const length = Number(headersOf(headers).get("content-length") ?? 0);
    const body = rest.subarray(end + 4, end + 4 + (Number.isInteger(length) && length > 0 ? length : 0));
    requests.push({ method, target, headers, body });
    rest = rest.subarray(end + 4 + body.length);
  }
  return requests;
}

function headersOf(headers: PlainRequest["headers"]): Map<string, string> {
  return new Map(headers.map(([name, value]) => [name.toLowerCase(), value]));
}

/** @returns What came back until the connection ended or fell silent; `closed` when it ended without a word. */
function exchange(port: number, bytes: Buffer, line: number, patienceMs = PATIENCE_MS): Promise<string> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let isOver = false;
    const localAddress = `127.1.0.${1 + line}`;
    const socket = connect({ host: "127.0.0.1", port, localAddress });
    const finish = (word: string) => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      socket.destroy();
      resolve(parts.length > 0 ? Buffer.concat(parts).toString("latin1") : word);
    };
    let timer = setTimeout(() => finish(""), DEADLINE_MS);
    socket.once("connect", () => {
      socket.write(bytes);
      clearTimeout(timer);
      timer = setTimeout(() => {
        socket.end();
        timer = setTimeout(() => finish(""), DEADLINE_MS);
      }, patienceMs);
    });
    socket.on("data", (part) => {
      parts.push(part);
      timer.refresh();
    });
    socket.once("end", () => finish("closed"));
    socket.once("close", () => finish("closed"));
    socket.once("error", () => finish("closed"));
  });
}

function note(report: AxonFuzzReport, problem: string, request: Buffer, answer: string): void {
  if (report.findings.length >= MAX_FINDINGS) return;
  const shown = request.toString("latin1").slice(0, MAX_SHOWN_CHARS);
  report.findings.push({ problem, request: JSON.stringify(shown), answer: answer.slice(0, MAX_SHOWN_CHARS) });
}

function randomOf(seed: number, line: number): Random {
  const bytes = Buffer.alloc(32);
  bytes.writeUInt32LE(seed);
  bytes.writeUInt32LE(line, 4);
  return randomFrom(bytes);
}
