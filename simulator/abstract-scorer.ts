import { z } from "zod";
import { parseConfig } from "../shared/rules/config.ts";
import { linear, power, softmax, winner } from "../shared/rules/shape.ts";
import { type Noise, noiseFrom } from "./noise.ts";
import type { Roster } from "./roster.ts";
import type { Scenario } from "./scenario.ts";
import type { Scorer, ViewScores } from "./scorer.ts";
import type { Skills } from "./skills.ts";

/** A subnet without a template: how raw scores become shares. */
const abstractConfig = z.strictObject({
  /** Share of the newest epoch in the moving average. */
  alpha: z.number().gt(0).max(1).default(0.1),
  shape: z.enum(["linear", "softmax", "power", "winner"]).default("linear"),
  temperature: z.number().gt(0).max(100).default(0.02),
  exponent: z.number().min(0).max(100).default(2),
});

type AbstractConfig = z.output<typeof abstractConfig>;

/**
 * A raw score is the miner's skill and, with the group's `noise`, an error of the view; never below 0.
 *
 * @throws SubforgeError CONFIG_INVALID
 */
export function createAbstractScorer(
  { config, views }: Scenario,
  roster: Roster,
  skills: Skills,
  seed: string,
): Scorer {
  const { miners } = roster;
  const rules = parseConfig("an abstract subnet", abstractConfig, config);
  const each = Array.from({ length: views }, (_, view) => ({
    noise: noiseFrom(`view ${seed} ${view}`),
    averages: new Float64Array(miners.length),
  }));
  const noises = miners.map(({ group }) => group.params?.noise ?? 0);

  const scoreView = (view: { noise: Noise; averages: Float64Array }): ViewScores => {
    const raw = new Float64Array(miners.length);
    for (let miner = 0; miner < miners.length; miner++) {
      if (!roster.isThere(miner)) {
        view.averages[miner] = 0;
        continue;
      }
      const error = noises[miner]! > 0 ? noises[miner]! * view.noise.normal() : 0;
      raw[miner] = Math.max(0, skills.now[miner]! + error);
      view.averages[miner] = rules.alpha * raw[miner]! + (1 - rules.alpha) * view.averages[miner]!;
    }
    return { raw, shares: Float64Array.from(shape(Array.from(view.averages), rules)) };
  };
  return { score: async () => each.map(scoreView) };
}

function shape(averages: number[], { shape: name, temperature, exponent }: AbstractConfig): number[] {
  if (name === "softmax") return softmax(averages, temperature);
  if (name === "power") return power(averages, exponent);
  return name === "winner" ? winner(averages) : linear(averages);
}
