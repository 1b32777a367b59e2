import { agentParams } from "../shared/agent-params.ts";
import type { Player } from "../shared/play-epoch.ts";
import { childSeed, randomFrom } from "../shared/rules/beacon.ts";
import type { Agent } from "../shared/template.ts";
import type { Hotkey } from "../shared/types.ts";
import {
  createBench,
  createContext,
  createMemory,
  type Model,
  minerContext,
  NO_MODEL,
  playerAt,
} from "../simulator/template-checks/field.ts";
import { loadSubnet } from "./registry.ts";

/** A subnet that ships with subforge, and one validator with miners by name. `seed` decides what the epochs draw. */
export async function createField(subnet: string, miners: readonly Hotkey[], seed: string, config?: unknown) {
  const template = await loadSubnet(subnet);
  const parsed = template.parseConfig(config);
  return { template, contextOf: (epoch: number) => createContext(miners, epoch, seed, parsed) };
}

/** A miner that behaves like this agent, and has this model for when it is honest. */
export function agentPlayer(
  agent: Agent,
  model: Model = NO_MODEL,
  seed: string,
  chosen?: Readonly<Record<string, number>>,
): Player {
  const params = agentParams(agent, chosen);
  const random = randomFrom(childSeed(new Uint8Array(32), `agent ${agent.name} ${seed}`));
  const bench = createBench();
  const own = createMemory();
  return playerAt(bench, async ({ synapse, request, hotkey, job }) => {
    const honest = () => synapse.answer(synapse.parseRequest(request), minerContext(hotkey, model, bench));
    const response = await agent.answer(request, {
      ...{ hotkey, honest, random: random.uniform, memory: own, params, synapse: job.synapse },
      ...{ infer: (feeds) => model.infer(feeds), workshop: bench.workshop },
    });
    return { response, latencyMs: 50 };
  });
}
