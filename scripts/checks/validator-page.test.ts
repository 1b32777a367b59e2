import { describe, expect, test } from "vitest";
import { REASONS } from "../../shared/reasons.ts";
import { validatorCommands } from "../commands/validator.ts";
import type { AnyCommand, CommandGroup } from "../options.ts";
import { withValidatorTables } from "../validator/page-tables.ts";
import { readSource } from "./sources.ts";

describe("docs/validator.md", () => {
  const page = readSource("docs/validator.md") ?? "";

  test("lists the flags of the commands: `npm run docs` makes the table", () => {
    expect(page).toBe(withValidatorTables(page));
  });

  test("names every command of a validator", () => {
    const names = commandLines(validatorCommands.commands).map((line) => `validator ${line}`);
    expect(names.filter((name) => !page.includes(name))).toEqual([]);
  });

  test("names every reason of a score", () => {
    expect(Object.keys(REASONS).filter((reason) => !page.includes(`\`${reason}\``))).toEqual([]);
  });

  test("links only to pages that exist", () => {
    const links = [...page.matchAll(/\]\(([a-z-]+\.md)/g)].map(([, file = ""]) => file);
    expect(links.filter((file) => readSource(`docs/${file}`) === undefined)).toEqual([]);
  });
});

function commandLines(entries: readonly (AnyCommand | CommandGroup)[]): string[] {
  return entries.flatMap((entry) =>
    "group" in entry
      ? commandLines(entry.commands).map((line) => `${entry.group} ${line}`)
      : [entry.command.split(" ")[0]!],
  );
}
