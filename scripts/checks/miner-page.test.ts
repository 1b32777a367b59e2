import { describe, expect, test } from "vitest";
import { minerCommands } from "../commands/miner.ts";
import { withMetrics } from "../miner/metrics-table.ts";
import { networkOptions, walletOptions, writeOptions } from "../options.ts";
import { readSource } from "./sources.ts";

/** Flags that many commands share are described where they belong. */
const SHARED = new Set(Object.keys({ ...networkOptions, ...walletOptions, ...writeOptions }));

describe("docs/miner.md", () => {
  const page = readSource("docs/miner.md") ?? "";

  test("lists the metrics of the code: `npm run docs` makes the table", () => {
    expect(page).toBe(withMetrics(page));
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
