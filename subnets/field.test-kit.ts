import type { Player } from "../shared/play-epoch.ts";
import { childSeed, randomFrom } from "../shared/rules/beacon.ts";
import type { Agent, EpochContext, Message, MinerContext, Participant } from "../shared/template.ts";
import type { Tensors } from "../shared/tensor.ts";
import type { Hotkey } from "../shared/types.ts";
import { loadSubnet } from "./registry.ts";

/** A field for tests: one validator, and miners by name. `seed` makes beacon and secret of each epoch. */
export async function createField(subnet: string, miners: readonly Hotkey[], seed: string, config?: unknown) {
  const template = await loadSubnet(subnet);
  const participants = [
    toParticipant("5Validator", 0),
    ...miners.map((hotkey, i) => toParticipant(hotkey, i + 1)),
  ];
  const contextOf = (epoch: number): EpochContext => ({
    netuid: 1,
    mechanism: 0,
    epoch,
    startBlock: epoch * 20,
    tempo: 20,
    validator: "5Validator",
    participants,
    beacon: childSeed(new Uint8Array(32), `beacon ${seed} ${epoch}`),
    secret: childSeed(new Uint8Array(32), `secret ${seed} ${epoch}`),
    config: template.parseConfig(config),
  });
  return { template, contextOf };
}

export function toParticipant(hotkey: Hotkey, uid: number): Participant {
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

/** A miner that does the work with this model. */
export function honestPlayer(model: { infer(feeds: Tensors): Promise<Tensors> }, latencyMs = 50): Player {
  return async ({ synapse, request, hotkey }) => ({
    response: await synapse.answer(synapse.parseRequest(request), minerContext(hotkey, model)),
    latencyMs,
  });
}

/** A miner that behaves like this agent, and has this model for when it is honest. */
export function agentPlayer(
  agent: Agent,
  model: { infer(feeds: Tensors): Promise<Tensors> },
  seed: string,
): Player {
  const random = randomFrom(childSeed(new Uint8Array(32), `agent ${agent.name} ${seed}`));
  const memory = createMemory();
  return async ({ synapse, request, hotkey }) => {
    const honest = () => synapse.answer(request, minerContext(hotkey, model));
    const response = await agent.answer(request, { hotkey, honest, random: random.uniform, memory });
    return { response, latencyMs: 50 };
  };
}

function minerContext(hotkey: Hotkey, { infer }: { infer(feeds: Tensors): Promise<Tensors> }): MinerContext {
  const signal = new AbortController().signal;
  return { hotkey, caller: "5Validator", infer, memory: createMemory(), signal };
}

function createMemory(): MinerContext["memory"] {
  const entries = new Map<string, Message>();
  return { get: (key) => entries.get(key), set: (key, value) => void entries.set(key, value) };
}
