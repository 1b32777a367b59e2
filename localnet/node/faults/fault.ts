import { RUNTIME_CHANGES, type RuntimeChange } from "../../runtime/upgrade.ts";
import { invalidParams } from "../rpc-error.ts";

/** What a fault of a request may be narrowed to. */
type Requests = {
  /** Only these methods; default all, and new connections too. */
  methods?: readonly string[];
  /** Only each n-th of them. */
  every?: number;
};

/** When a fault ends by itself; without either it stays until it is cleared. `reorg` and `spec-bump` have neither. */
type Ends = {
  /** Strikes, for a fault of requests; blocks, for a fault of the chain. */
  count?: number;
  durationMs?: number;
};

/**
 * Something that goes wrong on purpose. Requests of `dev_*` methods never suffer any of it over HTTP, so that a fault
 * can always be cleared.
 */
export type Fault = Ends &
  (
    | ({
        /** The connection of a request is cut before it takes effect. Without any option: all are cut, once. */
        kind: "drop";
      } & Requests)
    /** As if no node were there: all connections are cut and new ones too. */
    | { kind: "down" }
    /** The answer comes late; the effect is at once. */
    | ({ kind: "delay"; ms: number } & Requests)
    /** HTTP status 429, also for WebSocket handshakes; an open WebSocket gets the error -32999. */
    | ({ kind: "429"; retryAfterS?: number } & Requests)
    /** Takes requests, and pings, and never answers; nobody is notified any more. */
    | ({ kind: "half-open" } & Requests)
    /** Instead of the answer so many bytes come. */
    | ({ kind: "oversized"; bytes?: number } & Requests)
    /** Instead of the answer comes half of it, or what is no WebSocket frame. */
    | ({ kind: "malformed"; form?: "json" | "frame" } & Requests)
    /** The request takes effect, and the connection breaks before the answer. Default: what submits. */
    | ({ kind: "lose-answer" } & Requests)
    /** `system_health` says that the node is catching up. */
    | { kind: "syncing"; behind?: number }
    /** The best block that clients see is so many blocks old, or stands still. */
    | { kind: "lagging"; blocks?: number }
    /** Another hash for block 0. */
    | { kind: "wrong-genesis"; hash?: string }
    /** The next submissions are refused with this code; `custom` is the number behind 1010. */
    | { kind: "pool"; code: number; custom?: number; data?: string }
    /** Once: the last blocks are replaced by others. Final ones never are. */
    | { kind: "reorg"; depth: number; lose?: boolean }
    /** No block becomes final, or only one that has so many behind it. */
    | { kind: "stalled-finality"; behind?: number }
    /** Once: a runtime upgrade. Cleared, the old runtime is back. */
    | { kind: "spec-bump"; change?: RuntimeChange; specVersion?: number }
    /** State more than so many blocks before the best one is gone. */
    | { kind: "pruned"; blocks: number }
  );

export type FaultKind = Fault["kind"];
export type FaultOf<Kind extends FaultKind> = Extract<Fault, { kind: Kind }>;

/** A reader of one option: the value, or what it must be. */
type Check = { is: (value: unknown) => boolean; must: string };

const whole = (from: number, to: number): Check => ({
  is: (value) => Number.isInteger(value) && (value as number) >= from && (value as number) <= to,
  must: `a whole number, ${from} to ${to}`,
});
const oneOf = (...values: readonly unknown[]): Check => ({
  is: (value) => values.includes(value),
  must: `one of ${values.join(", ")}`,
});
const text = (pattern: RegExp, must: string): Check => ({
  is: (value) => typeof value === "string" && pattern.test(value),
  must,
});
const SUBMITS = ["author_submitExtrinsic", "author_submitAndWatchExtrinsic"];
const METHOD = /^\w{1,100}$/;
const methods: Check = {
  is: (value) =>
    Array.isArray(value) && value.length > 0 && value.length <= 64 && value.every((one) => METHOD.test(one)),
  must: "1 to 64 names of methods",
};

const requests = { methods, every: whole(1, 1_000_000) };
const ends = { count: whole(1, 1_000_000), durationMs: whole(1, 86_400_000) };
const blocks = whole(1, 7_000);

/** Options of each kind besides `kind`, and what they may be. */
const OPTIONS: { [Kind in FaultKind]: { required: readonly string[]; checks: Record<string, Check> } } = {
  drop: options(requests),
  down: options({}),
  delay: options({ ...requests, ms: whole(1, 3_600_000) }, "ms"),
  "429": options({ ...requests, retryAfterS: whole(0, 86_400) }),
  "half-open": options(requests),
  oversized: options({ ...requests, bytes: whole(1, 64 * 1024 * 1024) }),
  malformed: options({ ...requests, form: oneOf("json", "frame") }),
  "lose-answer": options(requests),
  syncing: options({ behind: whole(1, 1_000_000_000) }),
  lagging: options({ blocks }),
  "wrong-genesis": options({ hash: text(/^0x[0-9a-f]{64}$/, "0x and 64 lower-case hex digits") }),
  pool: options(
    {
      code: oneOf(1002, 1010, 1011, 1012, 1013, 1014, 1016),
      custom: whole(0, 255),
      data: text(/^.{1,200}$/, "1 to 200 characters"),
    },
    "code",
  ),
  reorg: { required: ["depth"], checks: { depth: blocks, lose: oneOf(true, false) } },
  "stalled-finality": options({ behind: blocks }),
  "spec-bump": {
    required: [],
    checks: { change: oneOf(...RUNTIME_CHANGES), specVersion: whole(1, 2 ** 32 - 1) },
  },
  pruned: options({ blocks }, "blocks"),
};

/** All kinds, in the order of the documentation. */
export const FAULT_KINDS = Object.keys(OPTIONS) as FaultKind[];

/** Does it cut all connections at once and is over? */
export function isPlainDrop(fault: Fault): boolean {
  if (fault.kind !== "drop") return false;
  const { methods, every, count, durationMs } = fault;
  return [methods, every, count, durationMs].every((option) => option === undefined);
}

/** @throws RpcError naming what is wrong */
export function parseFault(given: unknown): Fault {
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw invalidParams("a fault is an object with a kind");
  const { kind, ...rest } = given as Record<string, unknown>;
  const declared = Object.hasOwn(OPTIONS, String(kind)) ? OPTIONS[String(kind) as FaultKind] : undefined;
  if (declared === undefined) throw invalidParams(`the kind of a fault is one of ${FAULT_KINDS.join(", ")}`);
  const found: Record<string, unknown> = { kind: String(kind) };
  for (const [name, value] of Object.entries(rest)) {
    const check = Object.hasOwn(declared.checks, name) ? declared.checks[name] : undefined;
    if (check === undefined)
      throw invalidParams(
        `${kind} has ${Object.keys(declared.checks).join(", ")}, and no ${name.slice(0, 40)}`,
      );
    if (value === undefined) continue;
    if (!check.is(value)) throw invalidParams(`${name} of ${kind} must be ${check.must}`);
    found[name] = value;
  }
  const missing = declared.required.find((name) => found[name] === undefined);
  if (missing !== undefined) throw invalidParams(`${kind} needs ${missing}`);
  // What is lost is usually the fate of a transaction, and reads are asked again by themselves.
  if (kind === "lose-answer") found.methods ??= SUBMITS;
  return found as Fault;
}

function options(checks: Record<string, Check>, ...required: string[]) {
  return { required, checks: { ...checks, ...ends } };
}
