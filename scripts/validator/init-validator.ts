import { dirname, relative, resolve } from "node:path";
import { SubforgeError } from "../../shared/errors.ts";
import { askText, hasTerminal } from "../ask.ts";
import { chainAt } from "../networks.ts";
import { templateConfig } from "../options.ts";
import { createOutput } from "../output.ts";
import { readSettings, type SettingsFile } from "../settings-file.ts";
import { loadTemplate } from "../template-folder/load-template.ts";
import { wholeNumber } from "../whole-number.ts";
import { writeSettings } from "../write-settings.ts";
import { assignmentsOf } from "./assignments.ts";

/** The parsed flags of `subforge validator init`. Undefined: asked at a terminal, else the default. */
export type InitValidatorArgs = {
  json: boolean;
  yes: boolean;
  settings: string;
  force: boolean;
  network: string | undefined;
  netuid: number | undefined;
  subnet: readonly string[] | undefined;
  template: string | undefined;
  preset: string | undefined;
  config: unknown;
  wallet: string | undefined;
  hotkey: string | undefined;
  walletPath: string | undefined;
  devKey: string | undefined;
  queue: string | undefined;
  workers: number | undefined;
  data: string | undefined;
};

/**
 * Asks what was not said, and writes the settings that the other commands of a validator read. It contacts nobody.
 *
 * @throws SubforgeError CLI_USAGE, SUBNET_UNKNOWN, CONFIG_INVALID, CONFIG_EXISTS
 */
export async function initValidator(args: InitValidatorArgs, file: SettingsFile): Promise<void> {
  const { settings: path, devKey } = args;
  const defaults = (name: string) => String(file.options[name]?.default ?? "");
  const asks = hasTerminal() && !args.json && !args.yes;
  const answer = async (name: string, given: string | undefined) => {
    if (given !== undefined) return given;
    return asks ? askText(`${file.options[name]?.describe}`, defaults(name)) : defaults(name);
  };
  const { subnet } = args;
  const netuid = subnet === undefined ? await askNetuid(args.netuid, asks) : args.netuid;
  const network = await answer("network", args.network);
  chainAt(network); // a mistyped network is said now
  const name = await answer("template", args.template);
  const config = templateConfig(args);
  const subnets = assignmentsOf({ ...args, netuid, template: name }, "validator init");
  for (const each of subnets) (await loadTemplate(each.template)).parseConfig(each.config);
  const key =
    devKey === undefined
      ? {
          wallet: await answer("wallet", args.wallet),
          hotkey: await answer("hotkey", args.hotkey),
          ...(args.walletPath !== undefined && { walletPath: args.walletPath }),
        }
      : { devKey };
  const data = await answer("data", args.data);
  const queue =
    args.queue ?? (asks ? await askText("Redis that others share; empty: a private one", "") : "");
  refuseSecret(queue);
  const settings = {
    network,
    ...(subnet === undefined ? { netuid } : { subnet }),
    template: name,
    ...(Object.keys(config as object).length > 0 && { config }),
    ...key,
    ...(queue !== "" && { queue }),
    ...(args.workers !== undefined && { workers: args.workers }),
    data: fromFolderOf(path, data),
  };
  await writeSettings(path, settings, { force: args.force, flag: file.flag });
  readSettings(path, file); // what was written is what will be read
  const named = path === file.defaultPath ? "" : ` --${file.flag} ${path}`;
  createOutput(args).result({ path, settings }, [
    ...subnets.map((each) => `subnet   ${each.netuid}, mechanism ${each.mechanism}: ${each.template}`),
    `wrote    ${path}`,
    `next: subforge validator check${named}`,
  ]);
}

async function askNetuid(given: number | undefined, asks: boolean): Promise<number> {
  const command = "validator init";
  if (given !== undefined) return wholeNumber(command, "netuid", given, 0, 65_535);
  if (!asks) throw new SubforgeError("CLI_USAGE", { problem: "--netuid is missing", command });
  const text = await askText("Number of the subnet", "");
  return wholeNumber(command, "netuid", text === "" ? Number.NaN : Number(text), 0, 65_535);
}

/** A file of settings is copied, printed and committed. */
function refuseSecret(queue: string): void {
  if (!URL.canParse(queue) || new URL(queue).password === "") return;
  const problem =
    "--queue with a password does not belong into a file: set REDIS_URL instead, for each command";
  throw new SubforgeError("CLI_USAGE", { problem, command: "validator init" });
}

/** Relative, so that the folder may be moved with its data. */
function fromFolderOf(path: string, data: string): string {
  const found = relative(dirname(resolve(path)), resolve(data));
  return found.startsWith(".") || found.startsWith("/") ? found : `./${found}`;
}
