import { describe, expect, test } from "vitest";
import { minerCommands } from "../commands/miner.ts";
import { withTables } from "../miner/page-tables.ts";
import { networkOptions, walletOptions, writeOptions } from "../options.ts";
import { readSource } from "./sources.ts";

/** Flags that many commands share are described where they belong. */
const SHARED = new Set(Object.keys({ ...networkOptions, ...walletOptions, ...writeOptions }));

describe("docs/miner.md", () => {
  const page = readSource("docs/miner.md") ?? "";

  test("lists the metrics and refusals of the code: `npm run docs` makes the tables", () => {
    expect(page).toBe(withTables(page));
  });

  test("names every command of a miner and every flag that only its commands have", () => {
    const missing = minerCommands.commands.flatMap((entry) => {
      if ("group" in entry) return [entry.group];
      const flags = Object.keys(entry.builder).filter((flag) => !SHARED.has(flag));
      return [`### ${entry.command}`, ...flags.map((flag) => `--${flag}`)].filter(
        (text) => !page.includes(text),
      );
    });
    expect(missing).toEqual([]);
  });
});
