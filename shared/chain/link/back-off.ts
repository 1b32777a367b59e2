/** Pause before the first new try. */
const FIRST_MS = 500;

/** Longest pause: together with an introduction that hangs, what is back is noticed within 15 seconds. */
const LONGEST_MS = 8_000;

/** Longest pause that an endpoint may ask for. */
const LONGEST_ASKED_MS = 300_000;

/**
 * Pause before the next try: doubled each time, and between a half and the whole of it, so that many clients of an
 * endpoint that comes back do not come back together.
 *
 * @param attempt - 1 for the first pause.
 * @param random - 0..1.
 * @param atLeastMs - What the endpoint itself asked for, by `Retry-After`; bounded as well.
 */
export function backOffMs(attempt: number, random: number, atLeastMs = 0): number {
  const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt - 1, 16));
  return Math.max(whole * (0.5 + random / 2), Math.min(atLeastMs, LONGEST_ASKED_MS));
}
