import { SubforgeError } from "../shared/errors.ts";
import { createLogger, type LogLevel } from "../shared/logger.ts";
import { askYesNo, hasTerminal } from "./ask.ts";
import { keyfilePath } from "./chain-signer.ts";
import { openKeyfile } from "./open-keyfile.ts";
import { createOutput } from "./output.ts";
import type { PasswordArgs } from "./password-source.ts";
import { startSigner } from "./serve-signer.ts";

/** The parsed flags of `subforge wallet signer`. */
export type RunSignerArgs = PasswordArgs & {
  json: boolean;
  yes: boolean;
  logLevel: LogLevel;
  key: "coldkey" | "hotkey";
  wallet: string;
  hotkey: string;
  walletPath: string;
  allowUnsafeKeyfile: boolean;
  socket: string;
};

/**
 * Holds one key and signs what comes through the socket, after a person said yes to each of them, or to all by flag.
 *
 * @throws SubforgeError CLI_USAGE, CONFIG_INVALID, and what opening a keyfile throws
 */
export async function runSigner(args: RunSignerArgs, signal: AbortSignal): Promise<void> {
  if (!args.yes && !hasTerminal()) {
    const problem = "nobody can be asked without a terminal; --yes signs whatever comes through the socket";
    throw new SubforgeError("CLI_USAGE", { problem, command: "wallet signer" });
  }
  const path = keyfilePath(args, args.key);
  const { keypair } = await openKeyfile(path, args);
  if (!keypair) throw new SubforgeError("WALLET_NO_SECRET", { path, problem: "it holds no secret" });
  const logger = createLogger("signer", args.logLevel);
  const confirm = async (payload: Uint8Array): Promise<boolean> =>
    args.yes || askYesNo(`sign a call of ${payload.length} bytes, 0x${describe(payload)}…?`);
  const { stopped } = await startSigner(args.socket, { keypair, confirm, logger, signal });
  createOutput(args).result({ ready: true, address: keypair.address, socket: args.socket }, [
    `ready  signs for ${keypair.address} at unix:${args.socket}`,
  ]);
  await stopped;
}

/** The call and the first of its arguments: enough to recognise one that was expected. */
function describe(payload: Uint8Array): string {
  return Buffer.from(payload.subarray(0, 24)).toString("hex");
}
