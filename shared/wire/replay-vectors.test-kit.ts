import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { packageRoot } from "../process-entry.ts";
import { btauth, checkHeaders, DEFAULT_WINDOW, verifyBody, type WireHeaders } from "./btauth.ts";
import type { RefusalCode } from "./refusals.ts";
import type { ReplayClaims } from "./replay-store.ts";

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
  // The v10 verifier is not part of this wire: its requests are left out, btauth's must not notice.
  for (const step of sequence.steps.filter(({ protocol }) => protocol !== "v10")) {
    const now = BigInt(step.at_ns);
    setNow(now);
    const self = sequence.self_hotkeys?.[step.process ?? ""] ?? BOB;
    const rules = { self, window: DEFAULT_WINDOW, requireReceiver: sequence.require_receiver ?? true };
    const code = await judge(requests[step.request]!, rules, now, storeOf(step.process, self));
    expect(code, `${step.request} at ${step.at_ns}`).toBe(
      step.expected.accepted ? undefined : step.expected.code,
    );
  }
}

async function judge(
  request: WireRequest,
  rules: Parameters<typeof checkHeaders>[1],
  now: bigint,
  store: ReplayClaims,
): Promise<RefusalCode | undefined> {
  const headers: WireHeaders = Object.fromEntries(
    request.headers.map(([name, value]) => [name.toLowerCase(), value]),
  );
  const claimed = checkHeaders(headers, rules, now);
  if (!claimed.ok) return claimed.code;
  const result = verifyBody(claimed, { ...request, body: Buffer.from(request.body_text) });
  if (!result.ok) return result.code;
  const claim = await store.claim(btauth.replayKey(result, rules.self), result.nonce, result.protocol);
  return claim === "new" ? undefined : CLAIM_CODES[claim];
}
