import { agentParams } from "../shared/agent-params.ts";
import type { InlineWorkshop } from "../shared/inline-workshop.ts";
import type { Player } from "../shared/play-epoch.ts";
import type {
  Agent,
  EpochContext,
  ImitatedModel,
  Message,
  MinerContext,
  SubnetTemplate,
} from "../shared/template.ts";
import type { Hotkey } from "../shared/types.ts";
import { noiseFrom } from "./noise.ts";
import type { MinerGroup } from "./scenario.ts";

/** Entries of a miner's memory: what it keeps between the stages of an epoch or two. */
const MEMORY_ENTRIES = 256;

/** Answers as a miner gives them that is asked over the network. Well above nothing, well below any deadline. */
const LATENCY_MS = 50;

export type ImitatedMiner = {
  group: MinerGroup;
  /** The miner's behaviour. Undefined: honest. */
  agent: Agent | undefined;
  /** Seed of everything that it draws. */
  seed: string;
  /** What it answers with now; undefined where nobody has a model to steal. */
  model(): ImitatedModel;
  /** Hash of the file that it committed to. Undefined: it has none to show. */
  modelHash: string | undefined;
  /** Shared by all who ask it. */
  workshop: InlineWorkshop;
};

/**
 * A miner whose model is imitated by the template: the same code as a real one runs, but for `infer`. What it draws
 * depends on the question alone, never on who was asked before.
 *
 * @param now - The epoch that is played.
 */
export function createPlayer(
  template: SubnetTemplate,
  miner: ImitatedMiner,
  caller: Hotkey,
  now: () => EpochContext,
): Player {
  const { group, agent, modelHash, workshop } = miner;
  const latencyMs = group.latencyMs ?? LATENCY_MS;
  const { signal } = new AbortController();
  const memory = createMemory();
  const own = createMemory();
  const params = agent ? agentParams(agent, group.params) : {};

  return async ({ synapse, request, hotkey, job }) => {
    const context = now();
    const infer: MinerContext["infer"] = (feeds) =>
      template.imitate!(job.task, job.synapse, hotkey, miner.model(), context.config)(feeds);
    const work: MinerContext = {
      ...{ hotkey, caller, infer, memory, workshop, signal },
      modelHash: () => modelHash,
    };
    // The validator's own request needs no reading, and its items may never have to be drawn.
    const honest = () => synapse.answer(request, work);
    if (!agent) return { response: await honest(), latencyMs };

    const { secret: _, ...epoch } = context;
    const random = noiseFrom(`${miner.seed} ${caller} ${context.epoch} ${job.taskId} ${job.stage}`).uniform;
    const asked = {
      hotkey,
      honest,
      infer,
      epoch,
      random,
      memory: own,
      workshop,
      params,
      synapse: job.synapse,
    };
    return { response: await agent.answer(request, asked), latencyMs };
  };
}

function createMemory(): MinerContext["memory"] {
  const entries = new Map<string, Message>();
  return {
    get: (key) => entries.get(key),
    set(key, value) {
      entries.delete(key);
      entries.set(key, value);
      if (entries.size > MEMORY_ENTRIES) entries.delete(entries.keys().next().value!);
    },
  };
}
