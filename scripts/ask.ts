import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { EXIT } from "../shared/errors.ts";
import { Secret } from "../shared/keys/secret.ts";

/** May a question be asked? Without a terminal nothing ever prompts. */
export function hasTerminal(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** Ask on stderr, because stdout belongs to the answer of the command, and echo nothing. Trimmed, as btcli does. */
export async function askSecret(question: string): Promise<Secret> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  lines.once("SIGINT", () => process.exit(EXIT.interrupted));
  process.stderr.write(question); // only now: before, the terminal itself would show what is typed
  try {
    return new Secret((await lines.question("")).trim());
  } finally {
    lines.close();
    process.stderr.write("\n");
  }
}

/** Ask on stderr for a line; an empty one is the default. Only with a terminal. */
export async function askText(question: string, byDefault: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: true });
  lines.once("SIGINT", () => process.exit(EXIT.interrupted));
  const shown = byDefault === "" ? "" : ` [${byDefault}]`;
  try {
    return (await lines.question(`${question}${shown}: `)).trim() || byDefault;
  } finally {
    lines.close();
  }
}

/** Ask on stderr; anything but y or yes is no. Only with a terminal. */
export async function askYesNo(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: true });
  lines.once("SIGINT", () => process.exit(EXIT.interrupted));
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
  } finally {
    lines.close();
  }
}

/** Say why nothing happens for some seconds. A program that reads our output does not ask. */
export function sayOnTerminal(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${text}\n`);
}
