import { describe, expect, it } from "vitest";
import { COMMANDS } from "../cli.ts";
import { catalogueMarkdown, ERROR_CODES, explain } from "../error-catalogue.ts";
import { CAUSES } from "../error-causes.ts";
import type { AnyCommand, CommandGroup } from "../options.ts";
import { projectFiles, readSource } from "./sources.ts";

describe("errors", () => {
  it("every code has a cause, and every cause a code", () => {
    expect(Object.keys(CAUSES).sort()).toEqual([...ERROR_CODES].sort());
  });

  it("docs/errors.md is what `npm run docs` makes", () => {
    expect(readSource("docs/errors.md")).toBe(catalogueMarkdown());
  });

  it("every code is raised somewhere", () => {
    const sources = projectFiles(".ts")
      .filter(
        (path) =>
          !path.endsWith(".test.ts") && path !== "shared/errors.ts" && !path.startsWith("scripts/error-"),
      )
      .map((path) => readSource(path) ?? "")
      .join("\n");
    expect(ERROR_CODES.filter((code) => !sources.includes(`"${code}"`))).toEqual([]);
  });

  it.each(ERROR_CODES)("%s reads as a code, a fact and a next step", (code) => {
    const { message, hint } = explain(code);
    expect(code).toMatch(/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/);
    for (const text of [message, hint]) {
      expect(text).not.toBe("");
      expect(text).not.toMatch(/\.$|undefined|\[object|function ?\(|=>|NaN/);
    }
  });

  it("a hint names only commands that exist", () => {
    const known = commandLines(COMMANDS);
    const named = ERROR_CODES.flatMap((code) => [
      ...explain(code).hint.matchAll(/(?<!of )subforge ([a-z-]+(?: [a-z][a-z-]*){0,2})/g),
    ]);
    const unknown = named.filter(([, words]) => !known.some((line) => `${words} `.startsWith(`${line} `)));
    expect(unknown.map(([text]) => text)).toEqual([]);
  });
});

/** `["chain start", "explain"]`: what may follow `subforge`. */
function commandLines(entries: readonly (AnyCommand | CommandGroup)[]): string[] {
  return entries.flatMap((entry) =>
    "group" in entry
      ? commandLines(entry.commands).map((line) => `${entry.group} ${line}`)
      : [entry.command.split(" ")[0]!],
  );
}
