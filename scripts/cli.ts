import { runCommandLine } from "./command-line.ts";
import { explainCommand } from "./commands/explain.ts";

await runCommandLine([explainCommand]);
