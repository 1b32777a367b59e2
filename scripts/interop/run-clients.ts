import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Btcli } from "./btcli.ts";
import { btcliSteps } from "./btcli-steps.ts";
import { type InteropChain, startInteropChain } from "./interop-chain.ts";
import type { StepResult } from "./outcome.ts";
import { type PlayDeps, playSteps } from "./play-steps.ts";
import type { ChainClient, PythonEnv } from "./python-env.ts";
import { PythonSession } from "./python-session.ts";
import { sdkSteps } from "./sdk-steps.ts";
import { STEPS } from "./steps.ts";
import { WalletFolder } from "./wallet-folder.ts";

/** Programs that wrap their output even when it is JSON need room for it. */
const TERMINAL_WIDTH = "100000";

/**
 * All steps with one client, on a chain and in a home folder of its own.
 *
 * @returns every step of the checklist, in its order
 */
export async function runClient(client: ChainClient, env: PythonEnv, deps: PlayDeps): Promise<StepResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "subforge-interop-"));
  const world = await startInteropChain(deps);
  try {
    return await runSteps(client, env, world, folder, deps);
  } finally {
    await world.chain.close();
    await world.node.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runSteps(
  client: ChainClient,
  env: PythonEnv,
  world: InteropChain,
  folder: string,
  deps: PlayDeps,
): Promise<StepResult[]> {
  const wallets = new WalletFolder(folder, deps.signal);
  // Nothing of the user's own wallets and settings is read or written.
  const environment = {
    ...process.env,
    HOME: folder,
    COLUMNS: TERMINAL_WIDTH,
    NO_COLOR: "1",
  };
  const script = client === "btcli" ? "wallet_steps.py" : `${client}.py`;
  const session = PythonSession.start(env.python, script, environment);
  const stop = () => void session.close();
  deps.signal.addEventListener("abort", stop, { once: true });
  try {
    const steps =
      client === "btcli"
        ? btcliSteps(new Btcli(env, environment, deps.signal), session, world, wallets)
        : sdkSteps(client, session, world, wallets);
    return await playSteps(client, STEPS, steps, deps);
  } finally {
    deps.signal.removeEventListener("abort", stop);
    await session.close();
  }
}
