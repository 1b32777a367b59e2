import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Options } from "yargs";
import { SubforgeError } from "../shared/errors.ts";
import { nearest } from "./nearest.ts";

const MAX_BYTES = 64 * 1024;

/** Where a command looks for its settings, and what they may be called. */
export type SettingsFile = {
  /** In the current folder, read when it is there and no other is named. */
  defaultPath: string;
  /** The flag that names another one. */
  flag: "config" | "settings";
  /** The flags a file may set: a superset of the command's own, because several commands share one file. */
  options: Record<string, Options>;
  /** Flags whose relative paths start at the folder of the file. `name=path` is one too. */
  paths: readonly string[];
  /** Flags whose value is JSON text: in a file it stands as it is. */
  json?: readonly string[];
};

/**
 * The settings in a file, under the names of flags without their dashes: `{"netuid": 2, "maxBatchRows": 32}`. Flags and
 * variables come before it.
 *
 * @param path - What the flag says; undefined: the default, if it exists.
 * @returns Values by flag name in camel case. Empty without a file.
 * @throws SubforgeError CONFIG_INVALID with every problem at once
 */
export function readSettings(path: string | undefined, file: SettingsFile): Record<string, unknown> {
  const at = path ?? file.defaultPath;
  const text = readBounded(at, path !== undefined);
  if (text === undefined) return {};
  const settings = parseObject(text, at);
  const options = new Map(Object.entries(file.options).map(([name, option]) => [camelCase(name), option]));
  const problems = Object.entries(settings).flatMap(([key, value]) => {
    const option = options.get(key);
    if (!option) {
      const guess = nearest(camelCase(key), [...options.keys()]);
      return [`${key} is unknown${guess ? `; did you mean ${guess}?` : ""}`];
    }
    if (file.json?.includes(key) && isJson(value)) {
      settings[key] = JSON.stringify(value);
      return [];
    }
    const wanted = problemOf(value, option);
    return wanted === undefined ? [] : [`${key} must be ${wanted}`];
  });
  if (problems.length > 0) throw new SubforgeError("CONFIG_INVALID", { what: at, problems });
  const folder = dirname(resolve(at));
  for (const name of file.paths) {
    const value = settings[name];
    if (typeof value === "string") settings[name] = absolute(value, folder);
    if (Array.isArray(value)) settings[name] = value.map((entry) => absolute(String(entry), folder));
  }
  return settings;
}

/** @returns undefined when there is no file and none was asked for. */
function readBounded(path: string, isNamed: boolean): string | undefined {
  try {
    if (statSync(path).size > MAX_BYTES) {
      throw new SubforgeError("CONFIG_INVALID", {
        what: path,
        problems: [`it is larger than ${MAX_BYTES} bytes`],
      });
    }
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof SubforgeError) throw error;
    const { code = String(error) } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" && !isNamed) return undefined;
    const problem = code === "ENOENT" ? "there is no such file" : code;
    throw new SubforgeError("CONFIG_INVALID", { what: path, problems: [problem] });
  }
}

function isJson(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function parseObject(text: string, path: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new SubforgeError("CONFIG_INVALID", { what: path, problems: [(error as Error).message] });
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new SubforgeError("CONFIG_INVALID", { what: path, problems: ["it is no object"] });
  }
  return parsed as Record<string, unknown>;
}

/** @returns What the value must be, undefined when it is. */
function problemOf(value: unknown, option: Options): string | undefined {
  const { type, choices } = option;
  if (type === "boolean") return typeof value === "boolean" ? undefined : "true or false";
  if (type === "number") return typeof value === "number" && Number.isFinite(value) ? undefined : "a number";
  const isText = (entry: unknown) => typeof entry === "string" && entry !== "" && !entry.includes("\0");
  if (option.array) {
    const entries = Array.isArray(value) ? value : [value];
    return entries.length > 0 && entries.every(isText) ? undefined : "a text or a list of texts";
  }
  if (!isText(value)) return "a text";
  return choices === undefined || choices.includes(value as string)
    ? undefined
    : `one of ${choices.join(", ")}`;
}

/** `./model.onnx` and `digits=./model.onnx`; `~` is left to who opens it, and an https address is no path. */
function absolute(value: string, folder: string): string {
  const [, name = "", path = value] = /^([a-z0-9._-]{1,64}=)(.*)$/s.exec(value) ?? [];
  return name + (/^(~|https:\/\/)/.test(path) ? path : resolve(folder, path));
}

function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
