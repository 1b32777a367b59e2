import { agentParams } from "../shared/agent-params.ts";
import type { Player } from "../shared/play-epoch.ts";
import { childSeed, randomFrom } from "../shared/rules/beacon.ts";
import type { Agent, EpochContext, Message, MinerContext, Participant } from "../shared/template.ts";
import type { Tensors } from "../shared/tensor.ts";
import type { Hotkey } from "../shared/types.ts";
import { loadSubnet } from "./registry.ts";

/** A subnet that ships with subforge, and one validator with miners by name. `seed` decides what the epochs draw. */
export async function createField(subnet: string, miners: readonly Hotkey[], seed: string, config?: unknown) {
  const template = await loadSubnet(subnet);
  const parsed = template.parseConfig(config);
  return { template, contextOf: (epoch: number) => createContext(miners, epoch, seed, parsed) };
}

/** The context of one epoch for `5Validator`, with these miners at uids 1 and up. */
export function createContext<Config>(
  miners: readonly Hotkey[],
  epoch: number,
  seed: string,
  config: Config,
): EpochContext<Config> {
  return {
    netuid: 1,
    mechanism: 0,
    epoch,
    startBlock: epoch * 20,
    tempo: 20,
    validator: "5Validator",
    participants: ["5Validator", ...miners].map(toParticipant),
    beacon: childSeed(new Uint8Array(32), `beacon ${seed} ${epoch}`),
    secret: childSeed(new Uint8Array(32), `secret ${seed} ${epoch}`),
    config,
  };
}

function toParticipant(hotkey: Hotkey, uid: number): Participant {
  const isValidator = hotkey === "5Validator";
  return {
    uid,
    hotkey,
    coldkey: `${hotkey}-cold`,
    stakeRao: 0n,
    validatorPermit: isValidator,
    registeredAt: uid,
    ip: isValidator ? undefined : "127.0.0.1",
  };
}

/** What a miner computes with. */
type Model = { infer(feeds: Tensors): Promise<Tensors> };

/** For subnets whose miners have no model. */
const noModel: Model = {
  infer: async () => {
    throw new Error("this miner has no model");
  },
};

/** A miner that does the work with this model, and remembers what it wants to between the stages of an epoch. */
export function honestPlayer(model: Model = noModel, latencyMs = 50): Player {
  const memory = createMemory();
  return async ({ synapse, request, hotkey }) => ({
    response: await synapse.answer(synapse.parseRequest(request), minerContext(hotkey, model, memory)),
    latencyMs,
  });
}

/** A miner that behaves like this agent, and has this model for when it is honest. */
export function agentPlayer(
  agent: Agent,
  model: Model,
  seed: string,
  chosen?: Readonly<Record<string, number>>,
): Player {
  const params = agentParams(agent, chosen);
  const random = randomFrom(childSeed(new Uint8Array(32), `agent ${agent.name} ${seed}`));
  const memory = createMemory();
  const own = createMemory();
  return async ({ synapse, request, hotkey, job }) => {
    const honest = () => synapse.answer(synapse.parseRequest(request), minerContext(hotkey, model, memory));
    const response = await agent.answer(request, {
      ...{ hotkey, honest, random: random.uniform, memory: own, params, synapse: job.synapse },
      infer: (feeds) => model.infer(feeds),
    });
    return { response, latencyMs: 50 };
  };
}

function minerContext(hotkey: Hotkey, { infer }: Model, memory: MinerContext["memory"]): MinerContext {
  return { hotkey, caller: "5Validator", infer, memory, signal: new AbortController().signal };
}

function createMemory(): MinerContext["memory"] {
  const entries = new Map<string, Message>();
  return { get: (key) => entries.get(key), set: (key, value) => void entries.set(key, value) };
}
