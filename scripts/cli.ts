import { runCommandLine } from "./command-line.ts";
import { explainCommand } from "./commands/explain.ts";
import { walletCommands } from "./commands/wallet.ts";

await runCommandLine([explainCommand, walletCommands]);
