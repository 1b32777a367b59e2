import { afterEach, describe, expect, it, vi } from "vitest";
import { SubforgeError } from "../shared/errors.ts";
import { createOutput, printError } from "./output.ts";

/** What a stranger may put into a name: colours, a cleared screen, a title, a link, text that runs backwards. */
const CORPUS = [
  ...[
    "\u001b[31mred",
    "\u001b[2J\u001b[H",
    "\u001b]0;title\u0007",
    "\u001b]8;;http://evil\u001b\\\\here",
    "a\rb",
    "a\bb",
  ],
  ...["\u009b2J", "\u202Eevil", "\u2066x\u2069", "\u0000", "\u007f", '\u2028{"level":50}'],
];
const OBEYED = /(?![\t\n])[\p{Cc}\u2028-\u202e\u2066-\u2069]/u;

afterEach(() => vi.restoreAllMocks());

function printed(print: () => void): string {
  let text = "";
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, "write").mockImplementation((piece) => {
      text += String(piece);
      return true;
    });
  }
  print();
  vi.restoreAllMocks();
  return text;
}

describe("T35: what strangers wrote", () => {
  it.each(CORPUS)("reaches a terminal as text only: %j", (name) => {
    const error = new SubforgeError("INTERNAL", { what: name });
    const style = { json: false, color: false, showStackTraces: true };
    const text = printed(() => {
      createOutput({ json: false }).line(`name ${name}`);
      createOutput({ json: false }).result({}, [name, `  ${name}`]);
      printError(error, style);
    });
    expect(text).not.toMatch(OBEYED);
    expect(text).toContain("\ufffd");
  });

  it("stays on its line of a document, and whole", () => {
    const text = printed(() => createOutput({ json: true }).result({ names: ["a\nb", ...CORPUS] }));
    expect(text.trimEnd()).not.toContain("\n");
    expect(JSON.parse(text).names).toEqual(["a\nb", ...CORPUS]);
  });

  it("keeps letters of every language, tabs and lines", () => {
    expect(printed(() => createOutput({ json: false }).line("é 模型 🙂\tx\ny"))).toBe("é 模型 🙂\tx\ny\n");
  });
});
