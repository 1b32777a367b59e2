import { expect, test } from "vitest";
import { createLogger } from "./logger.ts";

/** What a stranger may put into a name: colours, a cleared screen, a title, another line, text that runs backwards. */
const CORPUS = [
  ...["\u001b[31mred", "\u001b[2J\u001b[H", "\u001b]0;title\u0007", "a\rb", "a\bb", 'x"}\n{"level":50}'],
  ...["\u009b2J", "\u0085", "\u007f", "\u202Eevil", "\u2066x\u2069", "\u2028y", "\u0000", "\\u001b[2J"],
];

test.each(CORPUS)(
  "T35: what strangers wrote stays on its line of the log, as text only and whole: %j",
  (text) => {
    const lines: string[] = [];
    const logger = createLogger("miner", "debug", { write: (line) => void lines.push(line) });
    logger.info("chain.event", { name: text, [text]: [text], error: String(new Error(text)) });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^[^\p{Cc}\p{Bidi_Control}\u2028\u2029]+\n$/u);
    expect(JSON.parse(lines[0]!)).toMatchObject({ event: "chain.event", name: text, [text]: [text] });
  },
);
