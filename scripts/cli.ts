import { doctor } from "./commands/doctor.ts";
import { explainCommand } from "./commands/explain.ts";
import { walletCommands } from "./commands/wallet.ts";
import type { AnyCommand, CommandGroup } from "./options.ts";

/** Every command, in the order of --help. */
export const COMMANDS: readonly (AnyCommand | CommandGroup)[] = [walletCommands, doctor, explainCommand];
