import type { FreshnessWindow } from "../shared/wire/btauth.ts";
import type { AgeSample } from "./metrics.ts";

/** Fewer refusals than this in a minute may be one caller's own clock. */
const MIN_STALE = 5;
const SECONDS_PER_NS = 1e-9;

/**
 * Is it our clock? When many requests of a minute are refused for their age, and half of all callers, refused ones
 * included, claim an age outside the window, then the clock that differs is most likely this machine's. Ages are only
 * claimed, so a known caller who sends most of the requests could feign it: this is worth a look, and nothing acts on it.
 *
 * @returns Seconds by which this machine is ahead of its callers; undefined when nothing is wrong.
 */
export function measuredSkewSeconds({ ages, stale }: AgeSample, window: FreshnessWindow): number | undefined {
  if (stale < MIN_STALE || ages.length === 0) return undefined;
  const sorted = [...ages].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)]!;
  const isFresh =
    median <= Number(window.maxAgeNs) * SECONDS_PER_NS && median >= -Number(window.skewNs) * SECONDS_PER_NS;
  return isFresh ? undefined : median;
}
