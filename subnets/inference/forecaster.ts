import type { AgentContext, EpochContext } from "../../shared/template.ts";
import { inferenceConfig } from "./config.ts";
import { PRESETS, type PresetName } from "./presets/presets.ts";
import { orderRows, planQuestions, truthOf } from "./questions.ts";

/** The only thing of an epoch's plan that nobody else has. */
const GUESSED_SECRET = new Uint8Array(32);

/**
 * What the answer would be if the guess were right: the truth of the next question of the plan, as confident as it can
 * be said. Undefined where nothing public is known, or no such question was planned.
 */
export function forecastAnswer(
  preset: PresetName,
  items: number,
  miner: AgentContext,
): Float32Array | undefined {
  if (!miner.epoch) return undefined;
  const config = inferenceConfig.parse(miner.epoch.config);
  const context: EpochContext<typeof config> = { ...miner.epoch, config, secret: GUESSED_SECRET };
  const asked = (miner.memory.get(`forecasts ${context.epoch}`)?.count ?? 0) as number;
  miner.memory.set(`forecasts ${context.epoch}`, { count: asked + 1 });
  const job = planQuestions(context)[asked % context.config.rounds];
  if (!job || job.task.preset !== preset || job.task.items !== items) return undefined;
  const { task } = job;
  const truth = truthOf(task, miner.hotkey);
  const { outputs, truthWidth, range } = PRESETS[preset];
  const rows = orderRows(task, miner.hotkey, truth, truthWidth);
  const y = new Float32Array(items * outputs);
  for (let item = 0; item < items; item++) {
    if (range === "simplex") y[item * outputs + rows[item * truthWidth]!] = 1;
    else
      for (let k = 0; k < outputs; k++) y[item * outputs + k] = rows[item * truthWidth + (k % truthWidth)]!;
  }
  return y;
}
