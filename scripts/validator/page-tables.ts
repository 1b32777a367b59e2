import type { Options } from "yargs";
import { validatorCommands } from "../commands/validator.ts";
import { withTable } from "../miner/page-tables.ts";
import type { AnyCommand, CommandGroup } from "../options.ts";

/** docs/validator.md with the table of flags that the commands make. */
export function withValidatorTables(page: string): string {
  return withTable(page, "flags", flagsTable());
}

/** Every flag of every command of a validator once, in the order of the commands, with who takes it. */
function flagsTable(): string {
  const flags = new Map<string, { option: Options; commands: string[] }>();
  for (const { name, words, builder } of commandsOf(validatorCommands)) {
    for (const [flag, option] of Object.entries(builder)) {
      if (option.hidden || isArgument(flag, words)) continue;
      const known = flags.get(flag);
      // What `run` says of a flag is what the others mean by it.
      const told = !known || name === "run" ? option : known.option;
      flags.set(flag, { option: told, commands: [...(known?.commands ?? []), name] });
    }
  }
  const rows = [...flags].map(([flag, { option, commands }]) => {
    const byDefault =
      option.default === undefined || option.default === "" ? "–" : `\`${String(option.default)}\``;
    return `| \`--${flag}\` | ${byDefault} | ${cell(option.describe ?? "")} | ${commands.join(", ")} |`;
  });
  return ["| Flag | Default | Says | Commands |", "|---|---|---|---|", ...rows].join("\n");
}

type NamedCommand = { name: string; words: string; builder: AnyCommand["builder"] };

function commandsOf({ commands }: CommandGroup, path = ""): NamedCommand[] {
  return commands.flatMap((entry): NamedCommand[] => {
    if ("group" in entry) return commandsOf(entry, `${path}${entry.group} `);
    const { command: words, builder } = entry;
    return [{ name: `${path}${words.split(" ")[0]}`, words, builder }];
  });
}

/** `explain <miner>`: given without a dash. */
function isArgument(flag: string, words: string): boolean {
  return words.includes(`<${flag}>`);
}

/** A bar would end the cell. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
