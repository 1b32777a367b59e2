import { SubforgeError } from "../../errors.ts";
import { pythonFloat } from "./python-str.ts";
import { isDict, type PythonDict, type PythonValue } from "./python-value.ts";

/** Levels of objects and arrays. */
const MAX_DEPTH = 32;
/** Digits of a whole number: enough for 128 bits, and cheap to print again. */
const MAX_INT_DIGITS = 40;
const MAX_KEY_CHARS = 128;

const BLANKS = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
/** One string with its quotes; what its escapes mean is the parser's business. */
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/sy;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * JSON to Python's values without loss: ints of up to 40 digits, floats, objects in order. Stricter than Python in what
 * it takes: no NaN or Infinity, no float beyond the largest, no half of a surrogate pair, at most 32 levels.
 *
 * @throws SubforgeError MESSAGE_INVALID
 */
export function parsePythonJson(bytes: Uint8Array): PythonValue {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw invalid("the text is not UTF-8");
  }
  let at = 0;
  skipBlanks();
  const value = readValue(1);
  skipBlanks();
  if (at !== text.length) throw invalid("something follows the JSON value");
  return value;

  function readValue(depth: number): PythonValue {
    if (depth > MAX_DEPTH) throw invalid(`deeper than ${MAX_DEPTH} levels`);
    switch (text[at]) {
      case '"':
        return readString();
      case "{":
        return readObject(depth);
      case "[":
        return readArray(depth);
      case "t":
        return readWord("true", true);
      case "f":
        return readWord("false", false);
      case "n":
        return readWord("null", null);
      default:
        return readNumber();
    }
  }

  function readObject(depth: number): PythonDict {
    const dict: PythonDict = new Map();
    at += 1;
    skipBlanks();
    if (text[at] === "}") {
      at += 1;
      return dict;
    }
    for (;;) {
      if (text[at] !== '"') throw invalid("a key is expected");
      const key = readString();
      if (key.length > MAX_KEY_CHARS) throw invalid("a key is too long");
      skipBlanks();
      expectOne(":");
      skipBlanks();
      dict.set(key, readValue(depth + 1)); // a repeated key takes its last value, as in Python
      skipBlanks();
      if (text[at] === "}") {
        at += 1;
        return dict;
      }
      expectOne(",");
      skipBlanks();
    }
  }

  function readArray(depth: number): PythonValue[] {
    const list: PythonValue[] = [];
    at += 1;
    skipBlanks();
    if (text[at] === "]") {
      at += 1;
      return list;
    }
    for (;;) {
      list.push(readValue(depth + 1));
      skipBlanks();
      if (text[at] === "]") {
        at += 1;
        return list;
      }
      expectOne(",");
      skipBlanks();
    }
  }

  function readString(): string {
    const raw = match(STRING)?.[0];
    if (raw === undefined) throw invalid("a text does not end");
    let value: string;
    try {
      value = JSON.parse(raw) as string;
    } catch {
      throw invalid("a text has a control character or an unknown escape");
    }
    if (LONE_SURROGATE.test(value)) throw invalid("a text has half of a surrogate pair");
    return value;
  }

  function readNumber(): bigint | number {
    const found = match(NUMBER);
    if (!found) throw invalid("a value is expected");
    const [digits, fraction, exponent] = found;
    if (fraction === undefined && exponent === undefined) {
      if (digits.replace("-", "").length > MAX_INT_DIGITS)
        throw invalid(`an int has more than ${MAX_INT_DIGITS} digits`);
      return BigInt(digits);
    }
    const value = Number(digits);
    if (!Number.isFinite(value)) throw invalid("a number is not finite");
    return value;
  }

  function readWord<Value>(word: string, value: Value): Value {
    if (!text.startsWith(word, at)) throw invalid("a value is expected");
    at += word.length;
    return value;
  }

  function expectOne(character: string): void {
    if (text[at] !== character) throw invalid(`${character} is expected`);
    at += 1;
  }

  function skipBlanks(): void {
    match(BLANKS);
  }

  function match(form: RegExp): RegExpExecArray | null {
    form.lastIndex = at;
    const found = form.exec(text);
    if (found) at += found[0].length;
    return found;
  }
}

/**
 * As Python's `json.dumps` writes: a blank after `:` and `,`, everything but printable ASCII escaped.
 *
 * @throws SubforgeError MESSAGE_INVALID for a float that is not finite
 */
export function printPythonJson(value: PythonValue): string {
  if (typeof value === "string") return printString(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw invalid("a number is not finite");
    return pythonFloat(value);
  }
  if (Array.isArray(value)) return `[${value.map(printPythonJson).join(", ")}]`;
  if (!isDict(value)) return String(value);
  return `{${[...value].map(([key, item]) => `${printString(key)}: ${printPythonJson(item)}`).join(", ")}}`;
}

function printString(text: string): string {
  const asEscape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, asEscape);
}

function invalid(problem: string): SubforgeError<"MESSAGE_INVALID"> {
  return new SubforgeError("MESSAGE_INVALID", { problem });
}
