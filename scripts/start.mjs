// npm start: set-up, then `subforge dev` with the same arguments. In this very process, so that a signal or an exit
// code has nobody to pass through.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, setUp } from "./setup.mjs";

const args = process.argv.slice(2);
const ownQueue = process.env.REDIS_URL || args.some((arg) => /^--queue(=|$)/.test(arg));
setUp({ redis: !ownQueue });

const cli = join(root, "dist", "cli.js");
process.argv = [process.execPath, cli, "dev", ...args];
await import(pathToFileURL(cli).href);
