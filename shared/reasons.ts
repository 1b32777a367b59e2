/**
 * Why a miner got what it got. Append-only: a number, once given, keeps its meaning in every journal.
 * `validator-outage` and `not-sampled` never lower a score.
 */
export const REASONS = {
  ok: 0,
  timeout: 1,
  "connect-failed": 2,
  "bad-signature": 3,
  "wrong-shape": 4,
  "out-of-range": 5,
  "stale-model": 6,
  "duplicate-answer": 7,
  "duplicate-model": 8,
  "below-baseline": 9,
  "not-sampled": 10,
  immune: 11,
  deregistered: 12,
  "validator-outage": 13,
  "rate-limited": 14,
  "collateral-missing": 15,
  refused: 16,
  "not-serving": 17,
  "address-refused": 18,
  "answer-too-large": 19,
  "broken-commitment": 20,
  redirected: 21,
  "wrong-status": 22,
  "answer-compressed": 23,
  "header-too-large": 24,
  "wrong-length": 25,
  "not-http": 26,
  "answer-too-slow": 27,
  "wrong-question": 28,
  "answer-replayed": 29,
  "audit-mismatch": 30,
  "model-missing": 31,
  unproven: 32,
} as const;

export type Reason = keyof typeof REASONS;

/** The reasons for which there is no answer to score. */
export type Failure = Exclude<Reason, "ok">;

/** Failures that say nothing about the miner: they never lower its score. */
export function isValidatorsOwnFault(reason: Reason): boolean {
  return reason === "validator-outage" || reason === "not-sampled";
}
