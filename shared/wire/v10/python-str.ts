import type { PythonValue } from "./python-value.ts";

/** Digits before Python writes a float with an exponent. */
const FIXED_BELOW = 16;
const FIXED_FROM = -4;

/** Everything that Python's `str.isprintable` denies but the ASCII space: controls, unassigned, separators. */
const NOT_PRINTABLE = /[\p{C}\p{Z}]/u;

const ESCAPES: Record<string, string> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * Python's `str()` of a decoded JSON value: what the body hash of v10 is made of. Characters that were assigned after
 * the Unicode version of a peer's Python are printed differently there.
 */
export function pythonStr(value: PythonValue): string {
  return typeof value === "string" ? value : pythonRepr(value);
}

/** Shortest digits that give the same number back, as `repr(float)` in Python: `12.0`, `1e-05`, `1.5e+300`. */
export function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const [mantissa = "", power = ""] = Math.abs(value).toExponential().split("e");
  const exponent = Number(power);
  const digits = mantissa.replace(".", "");
  if (exponent < FIXED_FROM || exponent >= FIXED_BELOW) {
    const shown = String(Math.abs(exponent)).padStart(2, "0");
    return `${sign}${mantissa}e${exponent < 0 ? "-" : "+"}${shown}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${sign}${whole}.${digits.slice(exponent + 1) || "0"}`;
}

function pythonRepr(value: PythonValue): string {
  if (value === null) return "None";
  switch (typeof value) {
    case "boolean":
      return value ? "True" : "False";
    case "bigint":
      return value.toString();
    case "number":
      return pythonFloat(value);
    case "string":
      return quoted(value);
  }
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(", ")}]`;
  return `{${[...value].map(([key, item]) => `${quoted(key)}: ${pythonRepr(item)}`).join(", ")}}`;
}

/** Single quotes, unless the text has some and no double ones. */
function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  if (!text.includes("\\") && !text.includes(quote) && !NOT_PRINTABLE.test(text.replaceAll(" ", ""))) {
    return `${quote}${text}${quote}`; // long texts, such as tensors in base64, take this way
  }
  let shown = "";
  for (const character of text) shown += character === quote ? `\\${quote}` : escaped(character);
  return `${quote}${shown}${quote}`;
}

function escaped(character: string): string {
  const short = ESCAPES[character];
  if (short !== undefined) return short;
  if (character === " " || !NOT_PRINTABLE.test(character)) return character;
  const code = character.codePointAt(0)!;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code <= 0xffff
    ? `\\u${code.toString(16).padStart(4, "0")}`
    : `\\U${code.toString(16).padStart(8, "0")}`;
}
