import type { FaultBoard } from "./fault-board.ts";

/** Refuses a call as Substrate does whose rate limit is passed. */
const TOO_MANY = { code: -32999, message: "RPC rate limit exceeded" };

const DEFAULT_OVERSIZE_BYTES = 17 * 1024 * 1024;

/** What happens to one request instead of an answer, or to its answer. */
export type RequestFault =
  | { kind: "cut" }
  | { kind: "silence" }
  /** `text` is the refusal as JSON-RPC, where HTTP's status cannot say it. */
  | { kind: "busy"; retryAfterS: number | undefined; text: string }
  | AnswerFault;

export type AnswerFault = {
  kind: "answer";
  delayMs: number;
  /** The connection breaks where the answer should be sent. */
  lost: boolean;
  /** What is sent instead of the answer; a frame is no WebSocket message and no HTTP. */
  instead: ((answer: string) => string) | "frame" | undefined;
};

/** What happens to a new connection. */
export type ConnectionFault =
  | { kind: "cut" | "silence" }
  | { kind: "busy"; retryAfterS: number | undefined }
  | { kind: "late"; ms: number };

/** What faults do to a JSON-RPC text, single or batch. @returns undefined: nothing */
export function faultOfRequest(board: FaultBoard, text: string): RequestFault | undefined {
  if (board.isEmpty) return undefined;
  const calls = callsOf(text);
  const methods = calls.map(({ method }) => method);
  if (methods.length > 0 && methods.every((method) => method.startsWith("dev_"))) return undefined;
  if (board.strike("down", methods) || board.strike("drop", methods)) return { kind: "cut" };
  if (board.strike("half-open", methods)) return { kind: "silence" };
  const busy = board.strike("429", methods);
  if (busy) return { kind: "busy", retryAfterS: busy.retryAfterS, text: refusal(text, calls) };
  const delayMs = board.strike("delay", methods)?.ms ?? 0;
  const lost = board.strike("lose-answer", methods) !== undefined;
  const oversized = board.strike("oversized", methods);
  const malformed = oversized ? undefined : board.strike("malformed", methods);
  if (oversized) {
    const { bytes = DEFAULT_OVERSIZE_BYTES } = oversized;
    return { kind: "answer", delayMs, lost, instead: () => "x".repeat(bytes) };
  }
  if (malformed?.form === "frame") return { kind: "answer", delayMs, lost, instead: "frame" };
  const instead = malformed && ((answer: string) => answer.slice(0, Math.ceil(answer.length / 2)));
  return { kind: "answer", delayMs, lost, instead };
}

/** What faults do to a new WebSocket. @returns undefined: nothing */
export function faultOfConnection(board: FaultBoard): ConnectionFault | undefined {
  if (board.isEmpty) return undefined;
  if (board.strike("down") || board.strike("drop")) return { kind: "cut" };
  if (board.strike("half-open")) return { kind: "silence" };
  const busy = board.strike("429");
  if (busy) return { kind: "busy", retryAfterS: busy.retryAfterS };
  const delay = board.strike("delay");
  return delay && { kind: "late", ms: delay.ms };
}

/** Is nobody notified or ponged now? */
export function isSilent(board: FaultBoard): boolean {
  const fault = board.isEmpty ? undefined : board.active("half-open");
  return fault !== undefined && fault.methods === undefined && fault.every === undefined;
}

type Call = { id: unknown; method: string };

function callsOf(text: string): Call[] {
  try {
    const message: unknown = JSON.parse(text);
    return (Array.isArray(message) ? message : [message]).map((call) => ({
      id: (call as { id?: unknown })?.id ?? null,
      method: String((call as { method?: unknown })?.method ?? ""),
    }));
  } catch {
    return [];
  }
}

function refusal(text: string, calls: readonly Call[]): string {
  const answers = calls.map(({ id }) => ({ jsonrpc: "2.0", id, error: TOO_MANY }));
  return JSON.stringify(text.trimStart().startsWith("[") ? answers : answers[0]);
}
