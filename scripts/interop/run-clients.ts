import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { within } from "../../shared/deadline.ts";
import type { Logger } from "../../shared/logger.ts";
import { Btcli } from "./btcli.ts";
import { btcliSteps } from "./btcli-steps.ts";
import { type InteropChain, startInteropChain } from "./interop-chain.ts";
import { NotAvailable, type Outcome, StepFailure, type StepResult } from "./outcome.ts";
import type { PythonClient, PythonEnv } from "./python-env.ts";
import { PythonSession } from "./python-session.ts";
import { sdkSteps } from "./sdk-steps.ts";
import { type ClientSteps, STEPS, type Step } from "./steps.ts";
import { WalletFolder } from "./wallet-folder.ts";

/** No step takes longer, whatever hangs: the sum of what its parts may take. */
const STEP_TIMEOUT_MS = 300_000;
const REASON_CHARACTERS = 300;
/** Programs that wrap their output even when it is JSON need room for it. */
const TERMINAL_WIDTH = "100000";

type Deps = { logger: Logger; signal: AbortSignal; onStep: (result: StepResult) => void };

/**
 * All steps with one client, on a chain and in a home folder of its own.
 *
 * @returns every step of the checklist, in its order
 */
export async function runClient(client: PythonClient, env: PythonEnv, deps: Deps): Promise<StepResult[]> {
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
  client: PythonClient,
  env: PythonEnv,
  world: InteropChain,
  folder: string,
  deps: Deps,
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
        : sdkSteps(session, world, wallets);
    return await playSteps(client, steps, deps);
  } finally {
    deps.signal.removeEventListener("abort", stop);
    await session.close();
  }
}

async function playSteps(
  client: string,
  steps: ClientSteps,
  { signal, onStep }: Deps,
): Promise<StepResult[]> {
  const results: StepResult[] = [];
  for (const step of Object.keys(STEPS) as Step[]) {
    signal.throwIfAborted();
    const startedMs = performance.now();
    const outcome = await play(steps[step]);
    const result = { client, step, seconds: (performance.now() - startedMs) / 1000, ...outcome };
    results.push(result);
    onStep(result);
  }
  return results;
}

async function play(step: ClientSteps[Step]): Promise<Outcome> {
  if (typeof step !== "function") return { status: "n.a.", reason: step.missing };
  try {
    const overdue = () => new StepFailure(`no end within ${STEP_TIMEOUT_MS / 1000} s`);
    return { status: "ok", detail: await within(step(), STEP_TIMEOUT_MS, overdue) };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const reason = text.replace(/\s+/g, " ").slice(0, REASON_CHARACTERS);
    return { status: error instanceof NotAvailable ? "n.a." : "red", reason };
  }
}
