import { SubforgeError } from "../shared/errors.ts";
import type { SubnetTemplate } from "../shared/template.ts";
import { createAbstractScorer } from "./abstract-scorer.ts";
import { playRun, type ScorerOf } from "./play-run.ts";
import type { RunRecord, Simulated } from "./records.ts";
import type { MinerGroup, Scenario } from "./scenario.ts";
import { createTemplateScorer } from "./template-scorer.ts";

export type SimulateDeps = {
  /** The one that `scenario.template` names. Needed exactly then. */
  template?: SubnetTemplate | undefined;
  signal?: AbortSignal | undefined;
  /** After each epoch, awaited: a caller that lets others have their turn there can be interrupted. Both count from 1. */
  onProgress?: ((done: { run: number; epoch: number }) => void | Promise<void>) | undefined;
};

/**
 * Play a scenario: who earns what, epoch by epoch. Deterministic byte for byte.
 *
 * @throws SubforgeError CONFIG_INVALID when scenario and template do not fit, and what `signal` says when it aborts
 */
export async function simulate(scenario: Scenario, deps: SimulateDeps = {}): Promise<Simulated> {
  const { template, signal, onProgress } = deps;
  const problems = findMisfits(scenario, template);
  if (problems.length > 0) throw new SubforgeError("CONFIG_INVALID", { what: "the scenario", problems });
  const played = { ...scenario, miners: scenario.miners.map((group) => withCost(group, template)) };
  const scorerOf: ScorerOf = (roster, skills, seed) =>
    template
      ? createTemplateScorer(template, played, roster, skills, seed)
      : createAbstractScorer(played, roster, skills, seed);
  const runs: RunRecord[] = [];
  for (let run = 0; run < scenario.runs; run++) {
    const seed = scenario.runs === 1 ? scenario.seed : `${scenario.seed}/${run + 1}`;
    const record = await playRun(played, seed, scorerOf, async (epoch) => {
      signal?.throwIfAborted();
      await onProgress?.({ run: run + 1, epoch: epoch + 1 });
    });
    runs.push(record);
  }
  const named = template && { template: { id: template.id, version: template.version } };
  return { scenario, ...named, runs };
}

/** What an agent says of its own cost counts where the scenario says nothing. */
function withCost(group: MinerGroup, template: SubnetTemplate | undefined): MinerGroup {
  const agent = template?.agents.find(({ name }) => name === group.behaviour);
  return { ...group, costPerEpoch: group.costPerEpoch ?? agent?.cost ?? 1 };
}

function findMisfits({ template: id, miners }: Scenario, template: SubnetTemplate | undefined): string[] {
  if (id !== template?.id) {
    return [`template: the scenario names ${id ?? "none"}, and ${template?.id ?? "none"} was given`];
  }
  if (template && !template.imitate) {
    return [`template: ${id} has no imitate(), so there is nothing to play honest miners with`];
  }
  const known = ["honest", ...(template?.agents ?? []).map(({ name }) => name)];
  return miners.flatMap(({ behaviour }, i) =>
    known.includes(behaviour)
      ? []
      : [`miners.${i}.behaviour: there is no ${behaviour}, use ${known.join(" or ")}`],
  );
}
