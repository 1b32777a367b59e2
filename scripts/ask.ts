import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { EXIT } from "../shared/errors.ts";

/** May a question be asked? Without a terminal nothing ever prompts. */
export function hasTerminal(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** Ask on stderr, because stdout belongs to the answer of the command, and echo nothing. Trimmed. */
export async function askSecret(question: string): Promise<string> {
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  lines.once("SIGINT", () => process.exit(EXIT.interrupted));
  try {
    return (await lines.question("")).trim();
  } finally {
    lines.close();
    process.stderr.write("\n");
  }
}

/** Say why nothing happens for some seconds. A program that reads our output does not ask. */
export function sayOnTerminal(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${text}\n`);
}
