import { request } from "undici";
import { parseBlockTime, TIMESTAMP_KEY } from "../../shared/chain/block-time.ts";
import { SubforgeError } from "../../shared/errors.ts";
import { askEndpoint } from "../ask-endpoint.ts";
import { type Finding, fromError } from "../finding.ts";

/** What somebody else's clock says: now is between the two, Unix milliseconds. */
export type TimeSource = { name: string; fromMs: number; toMs: number };

/** A block says when it was begun; the next one comes a slot later, or two when somebody missed theirs. */
const BLOCK_AGE_MS = 24_000;
/** HTTP dates count whole seconds. */
const DATE_STEP_MS = 1_000;
const TIMEOUT_MS = 5_000;
/** Signed requests from the future are refused beyond 2 s; a clock that is out by this much loses some already. */
const TOLERANCE_MS = 2_000;

/**
 * Is this machine's clock right, as far as others say? It is wrong when every source that was asked says so; when they
 * disagree, nobody here can know which of them is wrong. `skew`: details of MINER_CLOCK_SKEW when it is wrong.
 *
 * @param nowMs - This machine's clock, read after the answers came.
 */
export function judgeClock(
  sources: readonly TimeSource[],
  nowMs: number,
): Finding & { skew?: { skew: string; sources: string } } {
  const what = "clock";
  if (sources.length === 0) {
    return {
      what,
      state: "warn",
      fact: "nobody could be asked for the time",
      next: "check it yourself: timedatectl",
    };
  }
  const skews = sources.map(({ fromMs, toMs }) =>
    nowMs > toMs ? nowMs - toMs : Math.min(0, nowMs - fromMs),
  );
  const wrong = skews.filter((skew) => Math.abs(skew) > TOLERANCE_MS);
  const names = sources.map(({ name }) => name).join(", ");
  if (wrong.length === 0) return { what, state: "ok", fact: `agrees with ${names}` };
  const least = wrong.reduce((a, b) => (Math.abs(b) < Math.abs(a) ? b : a));
  if (wrong.length < sources.length) {
    const fact = `${names} disagree by ${describeSkew(least)}`;
    return {
      what,
      state: "warn",
      fact,
      next: "a local chain that was warped has a time of its own; else ask again",
    };
  }
  const skew = { skew: describeSkew(least), sources: names };
  return { ...fromError(what, new SubforgeError("MINER_CLOCK_SKEW", skew)), skew };
}

/** What the chain says at each endpoint, and the date its server sends. Who does not answer in time is left out. */
export async function readTimeSources(endpoints: readonly string[]): Promise<TimeSource[]> {
  const asked = endpoints.flatMap((endpoint) => [chainTime(endpoint), serverDate(endpoint)]);
  const settled = await Promise.allSettled(asked);
  return settled.flatMap((source) => (source.status === "fulfilled" && source.value ? [source.value] : []));
}

async function chainTime(endpoint: string): Promise<TimeSource | undefined> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const answer = await askEndpoint(endpoint, { what: "the time", timeoutMs: TIMEOUT_MS, signal }, (ask) =>
    ask("state_getStorage", TIMESTAMP_KEY),
  );
  const ms = parseBlockTime(answer);
  if (ms === undefined) return undefined;
  return { name: `the chain at ${endpoint}`, fromMs: ms, toMs: ms + BLOCK_AGE_MS };
}

async function serverDate(endpoint: string): Promise<TimeSource | undefined> {
  const url = endpoint.replace(/^ws/, "http");
  const sentMs = performance.now();
  const { headers, body } = await request(url, { method: "HEAD", signal: AbortSignal.timeout(TIMEOUT_MS) });
  await body.dump();
  const ms = Date.parse(String(headers.date));
  if (!Number.isFinite(ms)) return undefined;
  const tookMs = performance.now() - sentMs;
  return { name: `the server of ${endpoint}`, fromMs: ms, toMs: ms + DATE_STEP_MS + tookMs };
}

/** @example "31 s ahead" */
function describeSkew(skewMs: number): string {
  const seconds = Math.abs(skewMs) / 1_000;
  return `${seconds >= 10 ? Math.round(seconds) : seconds.toFixed(1)} s ${skewMs > 0 ? "ahead" : "behind"}`;
}
