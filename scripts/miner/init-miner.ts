import { dirname, relative, resolve } from "node:path";
import { formatAddress } from "../../miner/announce.ts";
import { readModelFile } from "../../miner/inference/model-file.ts";
import { DEFAULT_MODEL_NAME } from "../../miner/miner.ts";
import type { WantedAddress } from "../commands/miner.ts";
import { chainAt } from "../networks.ts";
import { createOutput } from "../output.ts";
import { readSettings, type SettingsFile } from "../settings-file.ts";
import { writeSettings } from "../write-settings.ts";
import { canBatch, describeModel } from "./describe-model.ts";
import { toModelEntries } from "./model-entries.ts";

/** The parsed flags of `subforge miner init`. */
export type InitMinerArgs = {
  json: boolean;
  config: string;
  force: boolean;
  network: string;
  wallet: string;
  hotkey: string;
  walletPath: string;
  devKey: string | undefined;
  netuid: number;
  template: string;
  model: readonly string[];
  device: string;
  threads: number;
  host: string;
  port: number;
  announce: WantedAddress | undefined;
  reachHelper: string | undefined;
};

/**
 * Looks at the model and writes the settings that `check`, `serve`, `publish`, `why` and `bench` read.
 *
 * @throws SubforgeError MINER_MODEL_MISSING, MINER_MODEL_INVALID, CONFIG_EXISTS, CLI_USAGE
 */
export async function initMiner(args: InitMinerArgs, file: SettingsFile): Promise<void> {
  const { config: path, announce } = args;
  const models = await Promise.all(
    toModelEntries(args.model).map(async ({ name, path: file }) => ({
      name,
      ...(await readModelFile(file)),
    })),
  );
  chainAt(args.network); // a mistyped network is said now
  const key =
    args.devKey === undefined ? { wallet: args.wallet, hotkey: args.hotkey } : { devKey: args.devKey };
  const settings = {
    ...{ network: args.network, netuid: args.netuid, ...key, template: args.template },
    ...(args.devKey === undefined && { walletPath: args.walletPath }),
    model: models.map(({ name, path: file }) => {
      const found = fromFolderOf(path, file);
      return name === DEFAULT_MODEL_NAME ? found : `${name}=${found}`;
    }),
    ...{ device: args.device, threads: args.threads },
    maxBatchRows: models.some(({ info }) => canBatch(info)) ? 64 : 1,
    ...{ host: args.host, port: args.port },
    ...(announce && { announce: announce === "auto" ? announce : formatAddress(announce) }),
    ...(args.reachHelper && { reachHelper: args.reachHelper }),
  };
  await writeSettings(path, settings, { force: args.force, flag: file.flag });
  readSettings(path, file); // what was written is what will be read
  const named = path === file.defaultPath ? "" : ` --config ${path}`;
  createOutput(args).result(
    { path, settings, models: models.map(({ name, info, sha256 }) => ({ name, sha256, ...info })) },
    [
      ...models.flatMap(({ info }) => describeModel(info)),
      `wrote   ${path}`,
      `next: subforge miner check${named}`,
    ],
  );
}

/** Relative, so that the folder may be moved with its model. */
function fromFolderOf(path: string, model: string): string {
  const found = relative(dirname(resolve(path)), resolve(model));
  return found.startsWith(".") || found.startsWith("/") ? found : `./${found}`;
}
