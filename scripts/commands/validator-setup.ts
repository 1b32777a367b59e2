import type { Command } from "../options.ts";
import { wholeNumber } from "../whole-number.ts";
import { runOptions, settingsOption, validatorSettings } from "./validator-run.ts";

/** Without defaults: what was not said is asked at a terminal. */
const initOptions = {
  settings: { ...settingsOption, describe: `File to write; default: ${validatorSettings.defaultPath}` },
  network: unset(runOptions.network),
  netuid: runOptions.netuid,
  subnet: runOptions.subnet,
  template: unset(runOptions.template),
  preset: runOptions.preset,
  config: runOptions.config,
  wallet: unset(runOptions.wallet),
  hotkey: unset(runOptions.hotkey),
  "wallet-path": unset(runOptions["wallet-path"]),
  "dev-key": runOptions["dev-key"],
  queue: runOptions.queue,
  workers: unset(runOptions.workers),
  data: unset(runOptions.data),
  force: { type: "boolean", default: false, describe: "Write over a file that is there" },
} as const;

/** `subforge validator init` */
export const validatorInit: Command<typeof initOptions> = {
  command: "init",
  describe: "Ask for the settings of a validator, or take them as flags, and write them into a file",
  builder: initOptions,
  handler: async (args) => {
    const { initValidator } = await import("../validator/init-validator.ts");
    await initValidator(
      {
        ...args,
        workers: wholeNumber("validator init", "workers", args.workers, 0, 256),
        settings: args.settings ?? validatorSettings.defaultPath,
      },
      validatorSettings,
    );
  },
};

/** `subforge validator check` */
export const validatorCheck: Command<typeof runOptions> = {
  command: "check",
  describe:
    "Check chain, subnet, hotkey, template, Redis, journal, clock and disk; exit code 8 when not ready",
  builder: runOptions,
  settings: validatorSettings,
  handler: async (args) => {
    const { checkValidator } = await import("../validator/check-validator.ts");
    const { assignmentsOf } = await import("../validator/assignments.ts");
    const workers = wholeNumber("validator check", "workers", args.workers, 0, 256);
    await checkValidator({ ...args, workers, subnets: assignmentsOf(args, "validator check") });
  },
};

function unset<Option extends { default: unknown }>(option: Option): Omit<Option, "default"> {
  const { default: _default, ...rest } = option;
  return rest;
}
