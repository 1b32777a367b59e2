import type { Account } from "../dsl/context.ts";

/** Who makes every block and gets its fees: `//One`, one of the authors of the real local network. */
export const BLOCK_AUTHOR: Account = "0xac859f8a216eeb1b320b4c76d118da3d7407fa523484d0a980126d3b4d0d220a";
