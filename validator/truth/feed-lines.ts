import { isFeedPoint, type SignedFeedPoint } from "../../shared/rules/feed-point.ts";
import { TruthPending } from "./truth-pending.ts";

/** Some 40 000 points. Who keeps more rotates, or serves the newest. */
export const MAX_FEED_BYTES = 8 * 1024 * 1024;
const MAX_LINE_CHARS = 512;

/**
 * The point of a feed for a moment: the first one at that time or later. That one stays the same however much is written
 * behind it, so that every validator finds it; hence times must rise, and the first point that is left must not be later than
 * the time that is asked for.
 *
 * @param text - JSON lines. What follows the last line break is still being written.
 * @throws TruthPending when no such point was written yet. Error for what is no feed
 */
export function findPoint(text: string, time: number): SignedFeedPoint {
  let [start, line, last] = [0, 0, -1];
  for (let end = text.indexOf("\n"); end >= 0; start = end + 1, end = text.indexOf("\n", start)) {
    line++;
    if (end - start > MAX_LINE_CHARS) throw new Error(`line ${line} of the feed is too long`);
    const written = text.slice(start, end).trim();
    if (written === "") continue;
    const point = parse(written, line);
    if (point.time <= last) throw new Error(`line ${line} of the feed is not later than the one before`);
    if (last < 0 && point.time > time) {
      throw new Error(
        `the feed begins at ${point.time}, and ${time} is asked for: what was before is not known`,
      );
    }
    last = point.time;
    if (point.time >= time) return point;
  }
  throw new TruthPending(`the feed has nothing from ${time} on; it ends at ${last < 0 ? "nothing" : last}`);
}

function parse(text: string, line: number): SignedFeedPoint {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`line ${line} of the feed is no JSON`);
  }
  if (!isFeedPoint(value)) throw new Error(`line ${line} of the feed is no { time, value, signature }`);
  return { value: value.value, time: value.time, signature: value.signature };
}
