import yargs, { type Argv, type Options } from "yargs";
import packageJson from "../package.json" with { type: "json" };
import { SubforgeError } from "../shared/errors.ts";
import { adoptSdkVariables, ourSpelling } from "./btcli-spellings.ts";
import { nearest } from "./nearest.ts";
import { type AnyCommand, type CommandGroup, globalOptions } from "./options.ts";
import { endQuietlyWhenReaderLeaves, printError } from "./output.ts";
import { readSettings } from "./settings-file.ts";

type Entry = AnyCommand | CommandGroup;

const BUILT_IN_FLAGS = ["help", "h", "version"];

/**
 * The whole command line: parse, refuse what is unknown, run the handler, print the error, end the process.
 * Handlers import what they need themselves, so that --help stays cheap.
 */
export async function runCommandLine(
  entries: readonly Entry[],
  words = process.argv.slice(2),
): Promise<void> {
  endQuietlyWhenReaderLeaves();
  dropEmptyVariables();
  adoptSdkVariables(process.env);
  try {
    await parseAndRun(entries, words);
  } catch (error) {
    process.exitCode = printError(error, styleOf(words));
  }
  // Whatever a handler left open must not keep a finished command alive.
  process.stdout.write("", () => process.exit());
}

async function parseAndRun(entries: readonly Entry[], given: readonly string[]): Promise<void> {
  const words = inOurSpelling(entries, given);
  const { path, command } = refuseUnknown(entries, words);
  const parser = yargs([...words])
    .scriptName("subforge")
    .locale("en")
    .parserConfiguration({ "dot-notation": false, "parse-positional-numbers": false })
    .env("SUBFORGE")
    .options(withValues(globalOptions))
    .version(packageJson.version)
    .alias("help", "h")
    .wrap(process.stdout.columns ? Math.min(process.stdout.columns, 110) : 100)
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail((message, error) => {
      throw error && error.name !== "YError" ? error : usage(readable(message ?? error.message), path);
    })
    .epilogue(
      "Every flag has a variable: --log-level is SUBFORGE_LOG_LEVEL. Errors are explained by: subforge explain <code>",
    );
  addEntries(parser, entries, path);
  if (!command && !asksForHelp(words)) {
    if (path.length > 0) throw usage(`${path.join(" ")} needs a command`, path);
    parser.showHelp("log");
    return;
  }
  if (command && !asksForHelp(words)) parser.config(settingsOf(command, words));
  await parser.parseAsync();
}

/** What the file of a command sets of its flags: those that only its siblings have are left out. */
function settingsOf(command: AnyCommand, words: readonly string[]): Record<string, unknown> {
  if (!command.settings) return {};
  const flag = `--${command.settings.flag}`;
  const at = words.findIndex((word) => word === flag || word.startsWith(`${flag}=`));
  const given = words[at]?.includes("=") ? words[at]!.slice(flag.length + 1) : words[at + 1];
  const path = at === -1 ? process.env[`SUBFORGE_${command.settings.flag.toUpperCase()}`] : given;
  const names = new Set(Object.keys({ ...globalOptions, ...command.builder }).map(camelCase));
  const settings = readSettings(path, command.settings);
  return Object.fromEntries(Object.entries(settings).filter(([name]) => names.has(name)));
}

function addEntries(parser: Argv, entries: readonly Entry[], path: readonly string[]): void {
  for (const entry of entries) {
    if ("group" in entry) {
      parser.command(entry.group, entry.describe, (inner) => {
        addEntries(inner, entry.commands, path);
        return inner;
      });
    } else {
      parser.command({
        command: entry.command,
        describe: entry.describe,
        builder: withValues(entry.builder),
        handler: async (args) => {
          refuseBadValues(args, { ...globalOptions, ...entry.builder }, path);
          await entry.handler(args as never);
        },
      });
    }
  }
}

/** A variable without a value is none: compose files and unit files cannot leave one out. */
function dropEmptyVariables(): void {
  for (const [name, value] of Object.entries(process.env)) {
    if (name.startsWith("SUBFORGE_") && value === "") delete process.env[name];
  }
}

/** Every flag but a switch needs a value. */
function withValues(builder: Record<string, Options>): Record<string, Options> {
  return Object.fromEntries(
    Object.entries(builder).map(([name, option]) => [
      name,
      option.type === "boolean" ? option : { ...option, requiresArg: true },
    ]),
  );
}

/** The flags that btcli and the Python SDK spell differently, for the command that is meant. */
function inOurSpelling(entries: readonly Entry[], words: readonly string[]): readonly string[] {
  let level = entries;
  for (const word of words) {
    const found = level.find((entry) => nameOf(entry) === word);
    if (!found) continue;
    if (!("group" in found)) return words.map((each) => ourSpelling(each, found.builder));
    level = found.commands;
  }
  return words;
}

/** Finds the command that is meant, before yargs does: its own refusals name no likely word. */
function refuseUnknown(
  entries: readonly Entry[],
  words: readonly string[],
): { path: string[]; command: AnyCommand | undefined } {
  const takesValue = flagsWithValue(entries);
  const path: string[] = [];
  const flags: string[] = [];
  let level: readonly Entry[] = entries;
  let command: AnyCommand | undefined;
  const args: string[] = [];
  for (let i = 0; i < words.length && words[i] !== "--"; i++) {
    const word = words[i]!;
    if (/^-+[a-zA-Z]/.test(word)) {
      flags.push(word);
      const name = word.replace(/^-+/, "");
      const isSwitch = command?.builder[name]?.type === "boolean"; // another command's flag of this name has a value
      if (!word.includes("=") && takesValue.has(name) && !isSwitch) i++;
    } else if (command) {
      args.push(word);
    } else {
      const found = level.find((entry) => nameOf(entry) === word);
      if (!found) throw unknownCommand(word, level, path);
      path.push(word);
      if ("group" in found) level = found.commands;
      else command = found;
    }
  }
  for (const flag of flags) refuseUnknownFlag(flag, command, path); // first: its value looks like an argument
  const extra = command && !hasList(command) ? args[positionals(command)] : undefined;
  if (extra !== undefined) throw usage(`${path.join(" ")} takes no further argument: ${extra}`, path);
  return { path, command };
}

function refuseUnknownFlag(word: string, command: AnyCommand | undefined, path: readonly string[]): void {
  const name = word.replace(/^-+/, "").replace(/=.*$/s, "");
  const options: Record<string, Options> = { ...globalOptions, ...command?.builder };
  const known = [...BUILT_IN_FLAGS];
  for (const [key, option] of Object.entries(options)) {
    known.push(key, camelCase(key), ...[option.alias ?? []].flat());
    if (option.type === "boolean") known.push(`no-${key}`);
  }
  if (known.includes(name)) return;
  const guess = nearest(
    name,
    known.filter((flag) => flag.length > 1),
  );
  throw usage(`unknown flag ${word.replace(/=.*$/s, "")}${guess ? `; did you mean --${guess}?` : ""}`, path);
}

function unknownCommand(word: string, level: readonly Entry[], path: readonly string[]): SubforgeError {
  const names = level.map(nameOf);
  const guess = nearest(word, names);
  const where = [...path, word].join(" ");
  return usage(
    `unknown command ${where}; ${guess ? `did you mean ${guess}?` : `known: ${names.join(", ")}`}`,
    path,
  );
}

/** yargs hands on NaN for a number that is none, and a list for a flag that was given twice. */
function refuseBadValues(
  args: Record<string, unknown>,
  options: Record<string, Options>,
  path: readonly string[],
): void {
  for (const [name, option] of Object.entries(options)) {
    const value = args[name];
    const isList = option.type === "array" || option.array === true;
    if (Array.isArray(value) && !isList) throw usage(`--${name} is given more than once`, path);
    if (value === "" && option.default !== "" && option.type !== "boolean")
      throw usage(`--${name} needs a value`, path);
    if (option.type === "number" && value !== undefined && !isList && !Number.isFinite(value)) {
      throw usage(`--${name} needs a number`, path);
    }
  }
}

/** yargs' own complaints in our words: flags with their dashes, one line, no full stop. */
function readable(message: string): string {
  const [first = "", ...rest] = message.split("\n").filter((line) => line.trim() !== "");
  const missing = /^Missing required arguments?: (.*)$/.exec(first);
  if (missing) {
    const names = missing[1]!.split(", ").map((name) => `--${name}`);
    return `${names.join(", ")} ${names.length > 1 ? "are" : "is"} missing`;
  }
  const valueless = /^Not enough arguments following: (.*)$/.exec(first);
  if (valueless) return `--${valueless[1]} needs a value`;
  const refused = /Argument: (\S+), Given: (.*), Choices: (.*)$/m.exec(message);
  if (refused) return `--${refused[1]} cannot be ${refused[2]}; choose one of ${refused[3]}`;
  if (first.startsWith("Not enough non-option arguments")) return "an argument is missing";
  const text = [first.replace(/:$/, ""), ...rest.map((line) => line.trim())].join(": ");
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function flagsWithValue(entries: readonly Entry[]): Set<string> {
  const names = new Set<string>();
  const collect = (options: Record<string, Options>) => {
    for (const [key, option] of Object.entries(options)) {
      if (option.type === "boolean") continue;
      for (const name of [key, camelCase(key), ...[option.alias ?? []].flat()]) names.add(name);
    }
  };
  const walk = (entry: Entry) => {
    if ("group" in entry) entry.commands.forEach(walk);
    else collect(entry.builder);
  };
  collect(globalOptions);
  entries.forEach(walk);
  return names;
}

function nameOf(entry: Entry): string {
  return "group" in entry ? entry.group : entry.command.split(" ")[0]!;
}

function positionals(command: AnyCommand): number {
  return command.command.split(" ").length - 1;
}

function hasList(command: AnyCommand): boolean {
  return (
    command.command.includes("..") || Object.values(command.builder).some((option) => option.array === true)
  );
}

function asksForHelp(words: readonly string[]): boolean {
  return words.some((word) => ["--help", "-h", "--version"].includes(word));
}

function usage(problem: string, path: readonly string[]): SubforgeError {
  return new SubforgeError("CLI_USAGE", { problem, command: path.join(" ") });
}

/** The global flags as far as errors need them; parsing may be what failed. */
function styleOf(words: readonly string[]): { json: boolean; color: boolean; showStackTraces: boolean } {
  const given = (flag: string) => words.includes(`--${flag}`);
  return {
    json: given("json") || process.env.SUBFORGE_JSON === "true",
    color: !given("no-color"),
    showStackTraces: given("show-stack-traces") || process.env.SUBFORGE_SHOW_STACK_TRACES === "true",
  };
}

function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
