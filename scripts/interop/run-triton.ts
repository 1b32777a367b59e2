import { startInferenceWorld } from "./inference-world.ts";
import type { StepResult } from "./outcome.ts";
import { type PlayDeps, playSteps } from "./play-steps.ts";
import type { PythonEnv } from "./python-env.ts";
import { PythonSession } from "./python-session.ts";
import { TRITON_STEPS, tritonSteps } from "./triton-steps.ts";

/** All steps of a Triton client, against a real miner with two models. */
export async function runTriton(env: PythonEnv, deps: PlayDeps): Promise<StepResult[]> {
  const world = await startInferenceWorld(deps);
  // Nothing of the user's own settings is read or written.
  const session = PythonSession.start(env.python, "triton.py", { ...process.env, HOME: world.folder });
  const stop = () => void session.close();
  deps.signal.addEventListener("abort", stop, { once: true });
  try {
    return await playSteps("triton", TRITON_STEPS, tritonSteps(session, world), deps);
  } finally {
    deps.signal.removeEventListener("abort", stop);
    await session.close();
    await world.close();
  }
}
