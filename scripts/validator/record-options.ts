import { runOptions, settingsOption } from "../commands/validator-run.ts";
import { wholeNumber } from "../whole-number.ts";
import type { JournalArgs } from "./journal-view.ts";

/** Where the records of a validator are: commands that read its journal. */
export const journalOptions = { settings: settingsOption, data: runOptions.data } as const;

/** Whose records are meant. Resolve them with `checkedRecords`, then with `subjectsOf` or `oneSubject`. */
export const recordOptions = {
  ...journalOptions,
  netuid: { type: "number", describe: "Subnet; default: all that are recorded" },
  mechanism: { type: "number", describe: "Mechanism of the subnet; default: all that are recorded" },
} as const;

/**
 * `recordOptions`, and an epoch where the command has one.
 *
 * @param command - Words of the command, for the hint: `validator explain`.
 * @throws SubforgeError CLI_USAGE
 */
export function checkedRecords<Args extends Omit<JournalArgs, "data"> & { epoch?: number | undefined }>(
  command: string,
  args: Args,
): Args {
  wholeNumber(command, "netuid", args.netuid, 0, 65_535);
  wholeNumber(command, "mechanism", args.mechanism, 0, 255);
  wholeNumber(command, "epoch", args.epoch, 0, Number.MAX_SAFE_INTEGER);
  return args;
}
