import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { findPoint, MAX_FEED_BYTES } from "./feed-lines.ts";
import { readFeed } from "./read-feed.ts";
import { TruthPending } from "./truth-pending.ts";

const folder = mkdtempSync(join(tmpdir(), "subforge-feed-"));
afterAll(() => rmSync(folder, { recursive: true }));

const signature = `0x${"ab".repeat(64)}`;
const lineOf = (time: number) => `${JSON.stringify({ time, value: time / 2, signature })}\n`;
const FEED = [10, 20, 30].map(lineOf).join("");

describe("a signed feed", () => {
  it("gives the first point at a time or later, and waits for what was not written yet", () => {
    expect(findPoint(FEED, 10)).toEqual({ time: 10, value: 5, signature });
    expect(findPoint(FEED, 11).time).toBe(20);
    expect(() => findPoint(FEED, 31)).toThrow(TruthPending);
    expect(() => findPoint("", 1)).toThrow(TruthPending);
    expect(() => findPoint(FEED.slice(0, -1), 30)).toThrow(TruthPending); // its last line is being written
  });

  it("gives the same point whatever is written behind it, and however much of its beginning is gone", () => {
    const times = fc.uniqueArray(fc.nat(1_000), { minLength: 2, maxLength: 20 });
    fc.assert(
      fc.property(times, fc.nat(1_000), fc.nat(19), fc.nat(19), (unordered, time, cut, more) => {
        const all = [...unordered].sort((a, b) => a - b);
        const answer = (points: number[]) => {
          try {
            return findPoint(points.map(lineOf).join(""), time).time;
          } catch {
            return undefined;
          }
        };
        const whole = answer(all);
        for (const part of [all.slice(cut % all.length), all.slice(0, 1 + (more % all.length))]) {
          expect([undefined, whole]).toContain(answer(part));
        }
      }),
    );
  });

  it.each([
    ["does not begin early enough", 9, FEED],
    ["goes back in time", 25, lineOf(10) + lineOf(9)],
    ["says a time twice", 25, lineOf(10) + lineOf(10)],
    ["holds a line that is no JSON", 25, `${lineOf(10)}{"time":\n`],
    ["holds a number that is none", 25, lineOf(10).replace("5", '"5"')],
    ["holds a line without end", 25, `${" ".repeat(600)}\n${FEED}`],
    ["has no signature", 10, '{"time":10,"value":5}\n'],
  ])("that %s is none", (_, time, text) => {
    expect(() => findPoint(text, time)).toThrow(Error);
    expect(() => findPoint(text, time)).not.toThrow(TruthPending);
  });

  it("comes from a file, of which only the end is read when it is long", async () => {
    const path = join(folder, "feed.jsonl");
    const places = new Map([["btc", path]]);
    const deps = { places, policy: { allowPrivate: false } };
    const { signal } = new AbortController();
    writeFileSync(path, FEED);
    expect(await readFeed({ feed: "btc", time: 12 }, deps, signal)).toEqual({
      time: 20,
      value: 10,
      signature,
    });
    const point = lineOf(1_000_000);
    const lines = Math.ceil((1.1 * MAX_FEED_BYTES) / point.length);
    writeFileSync(path, Array.from({ length: lines }, (_, i) => lineOf(1_000_000 + i)).join(""));
    const late = 1_000_000 + lines - 3;
    expect((await readFeed({ feed: "btc", time: late }, deps, signal)).time).toBe(late);
    await expect(readFeed({ feed: "btc", time: 1_000_001 }, deps, signal)).rejects.toThrow(
      "the feed begins at",
    );
    await expect(readFeed({ feed: "eth", time: 1 }, deps, signal)).rejects.toThrow("--truth-feed");
  });

  it("at a private address is not called", async () => {
    const places = new Map([["btc", "https://127.0.0.1:9/feed"]]);
    const deps = { places, policy: { allowPrivate: false } };
    const reading = readFeed({ feed: "btc", time: 1 }, deps, new AbortController().signal);
    await expect(reading).rejects.toThrow("127.0.0.1");
  });
});
