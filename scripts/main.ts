#!/usr/bin/env node
import { COMMANDS } from "./cli.ts";
import { runCommandLine } from "./command-line.ts";

await runCommandLine(COMMANDS);
