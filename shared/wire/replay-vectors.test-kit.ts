import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { verifySr25519 } from "../keys/keypair.ts";
import { packageRoot } from "../process-entry.ts";
import { btauth, DEFAULT_WINDOW, type VerifyRules, type WireHeaders } from "./btauth.ts";
import type { Protocol } from "./protocol.ts";
import type { RefusalCode } from "./refusals.ts";
import type { ReplayClaims, ReplayMemory } from "./replay-store.ts";
import { V10_WINDOW, v10 } from "./v10/v10.ts";

const BOB = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";
const file = join(packageRoot(), "../shared/vectors/btauth/replay.json");

/** Why the sequences are not there, or nothing. */
export const absent = existsSync(file) ? "" : " (skipped: the vectors are not part of a public clone)";

type Step = {
  at_ns: string;
  request: string;
  process?: string;
  protocol?: string;
  expected: { accepted: boolean; code?: string };
};

/** Requests in an order, and what a store must say to each. */
export type Sequence = {
  label: string;
  steps: Step[];
  store?: string;
  processes?: string[];
  self_hotkeys?: Record<string, string>;
  require_receiver?: boolean;
  retention_ms?: number;
  store_started_ns?: string;
  expected_at_start?: string;
};

type WireRequest = { method: string; target: string; headers: [string, string][]; body_text: string };

const { requests, sequences: found }: { requests: Record<string, WireRequest>; sequences: Sequence[] } =
  absent ? { requests: {}, sequences: [] } : JSON.parse(readFileSync(file, "utf8"));

export const sequences = found;

const CLAIM_CODES = {
  seen: "BTAUTH_REPLAYED",
  "warming-up": "BTAUTH_WARMING_UP",
  unavailable: "BTAUTH_STORE_UNAVAILABLE",
} as const;

/** What a store has to remember for a sequence, and how long where the sequence says so. */
export function memoryFor({ steps, retention_ms }: Sequence): ReplayMemory {
  const hasV10 = steps.some(({ protocol }) => protocol === "v10");
  return {
    windows: { "btauth/1": DEFAULT_WINDOW, ...(hasV10 && { v10: V10_WINDOW }) },
    claimDelayNs: 0n,
    ...(retention_ms !== undefined && { memoryNs: BigInt(retention_ms) * 1_000_000n }),
  };
}

/**
 * Plays a sequence and compares each verdict.
 *
 * @param storeOf - Of a process that listens for a hotkey. Without a name: the only one.
 * @param setNow - Unix nanoseconds of the step that comes.
 */
export async function playSequence(
  sequence: Sequence,
  storeOf: (processName: string | undefined, hotkey: string) => ReplayClaims,
  setNow: (nowNs: bigint) => void,
): Promise<void> {
  for (const step of sequence.steps) {
    const now = BigInt(step.at_ns);
    setNow(now);
    const self = sequence.self_hotkeys?.[step.process ?? ""] ?? BOB;
    const rules = { self, window: DEFAULT_WINDOW, requireReceiver: sequence.require_receiver ?? true };
    const protocol = step.protocol === "v10" ? v10 : btauth;
    const code = await judge(protocol, requests[step.request]!, rules, now, storeOf(step.process, self));
    // The vectors name v10's refusals after its own wire; here one store says one thing to all conventions.
    const expected = step.expected.code?.replace(/^WIRE_/, "BTAUTH_");
    expect(code, `${step.request} at ${step.at_ns}`).toBe(step.expected.accepted ? undefined : expected);
  }
}

async function judge(
  protocol: Protocol,
  request: WireRequest,
  rules: VerifyRules,
  now: bigint,
  store: ReplayClaims,
): Promise<RefusalCode | undefined> {
  const headers: WireHeaders = Object.fromEntries(
    request.headers.map(([name, value]) => [name.toLowerCase(), value]),
  );
  const claimed = protocol.parseHeaders(headers, rules);
  if (!claimed.ok) return claimed.code;
  const fresh = protocol.checkClaim(claimed, rules, now);
  if (!fresh.ok) return fresh.code;
  const wire = { ...request, body: Buffer.from(request.body_text) };
  const result = protocol.verify(fresh, wire, rules.self, verifySr25519);
  if (!result.ok) return result.code;
  const claim = await store.claim(protocol.replayKey(result, rules.self), result.nonce, result.protocol);
  return claim === "new" ? undefined : CLAIM_CODES[claim];
}
