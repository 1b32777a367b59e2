import { createInlineWorkshop, type InlineWorkshop } from "../../shared/inline-workshop.ts";
import type { PlayedQuestion, Player } from "../../shared/play-epoch.ts";
import { childSeed } from "../../shared/rules/beacon.ts";
import type { EpochContext, Message, MinerContext, Participant } from "../../shared/template.ts";
import type { Tensors } from "../../shared/tensor.ts";
import type { Hotkey } from "../../shared/types.ts";

/** What a miner computes with. */
export type Model = { infer(feeds: Tensors): Promise<Tensors> };

/** For subnets whose miners have no model. */
export const NO_MODEL: Model = {
  infer: async () => {
    throw new Error("this miner has no model");
  },
};

const VALIDATOR: Hotkey = "5Validator";
const TEMPO = 20;
const HONEST_LATENCY_MS = 50;

/** The context of one epoch for one validator, with these miners at uids 1 and up. `seed` decides what is drawn. */
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
    startBlock: epoch * TEMPO,
    tempo: TEMPO,
    validator: VALIDATOR,
    participants: [VALIDATOR, ...miners].map(toParticipant),
    beacon: childSeed(new Uint8Array(32), `beacon ${seed} ${epoch}`),
    secret: childSeed(new Uint8Array(32), `secret ${seed} ${epoch}`),
    config,
  };
}

export function toParticipant(hotkey: Hotkey, uid: number): Participant {
  const isValidator = hotkey === VALIDATOR;
  return {
    uid,
    hotkey,
    coldkey: `${hotkey}-cold`,
    stakeRao: 0n,
    validatorPermit: isValidator,
    registeredAt: uid,
    ip: isValidator ? undefined : `192.0.2.${uid % 256}`,
    ...(isValidator && { isOwner: true }),
  };
}

/** A miner that does the work with this model, and remembers what it wants to between the stages of an epoch. */
export function honestPlayer(model: Model = NO_MODEL, latencyMs = HONEST_LATENCY_MS): Player {
  const bench = createBench();
  return playerAt(bench, async ({ synapse, request, hotkey }) => ({
    response: await synapse.answer(synapse.parseRequest(request), minerContext(hotkey, model, bench)),
    latencyMs,
  }));
}

/** What a miner keeps between questions. */
export type Bench = { memory: MinerContext["memory"]; workshop: InlineWorkshop; block: number };

export function createBench(): Bench {
  const bench: Bench = {
    memory: createMemory(),
    workshop: createInlineWorkshop(() => bench.block),
    block: 0,
  };
  return bench;
}

/** A player whose work of the block in which it is asked goes on at this bench. */
export function playerAt(bench: Bench, play: (question: PlayedQuestion) => ReturnType<Player>): Player {
  const player = (question: PlayedQuestion) => {
    bench.block = question.block;
    return play(question);
  };
  return Object.assign(player, { workshop: bench.workshop });
}

/** What a miner has at hand when the validator of this field asks it. */
export function minerContext(
  hotkey: Hotkey,
  { infer }: Model,
  { memory, workshop }: Pick<Bench, "memory" | "workshop">,
): MinerContext {
  return { hotkey, caller: VALIDATOR, infer, memory, workshop, signal: new AbortController().signal };
}

export function createMemory(): MinerContext["memory"] {
  const entries = new Map<string, Message>();
  return { get: (key) => entries.get(key), set: (key, value) => void entries.set(key, value) };
}
