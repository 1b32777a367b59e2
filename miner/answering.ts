import { createHash } from "node:crypto";
import { agentParams } from "../shared/agent-params.ts";
import { isSubforgeError, SubforgeError } from "../shared/errors.ts";
import { randomFrom } from "../shared/rules/beacon.ts";
import type { Agent, Message, MinerContext, SubnetTemplate } from "../shared/template.ts";
import type { Hotkey } from "../shared/types.ts";
import type { RefusalCode } from "../shared/wire/refusals.ts";
import type { ServedModel } from "./inference/served-model.ts";
import { StageMemory } from "./stage-memory.ts";

export type Answering = {
  /** @returns undefined for a behaviour that gives no answer. @throws BadRequest, or whatever the work throws */
  answer(
    synapse: string,
    message: Message,
    caller: Hotkey,
    signal: AbortSignal,
  ): Promise<Message | undefined>;
};

/** The miner's models; without a name: the first. */
type AskedModels = { get(name?: string): (Pick<ServedModel, "infer"> & { sha256?: string }) | undefined };

/** The message is no question of this synapse. */
export class BadRequest extends Error {}

/** How this miner answers: the template's honest work, wrapped by a behaviour where one is given. */
export function createAnswering(
  template: Pick<SubnetTemplate, "synapses">,
  deps: {
    hotkey: Hotkey;
    models: AskedModels;
    /** What the template is told of them. */
    ports?: MinerContext["models"];
    workshop?: MinerContext["workshop"];
    runGraph?: MinerContext["runGraph"];
    agent?: Agent | undefined;
    /** Dials of the agent that shall not have their defaults. */
    agentParams?: Readonly<Record<string, number>> | undefined;
  },
): Answering {
  const { hotkey, models, agent, workshop, runGraph, ports } = deps;
  const memory = new StageMemory();
  const agentMemory = new StageMemory().of(hotkey);
  const params = agent ? agentParams(agent, deps.agentParams) : {};
  const random = randomFrom(createHash("sha256").update(`agent ${hotkey}`).digest());
  return {
    async answer(name, message, caller, signal) {
      const synapse = template.synapses[name]!;
      const request = parse(() => synapse.parseRequest(message));
      const context: MinerContext = {
        hotkey,
        caller,
        signal,
        workshop,
        runGraph,
        models: ports,
        infer: async (feeds, model) => modelOf(models, model).infer(feeds, signal),
        modelHash: (model) => models.get(model)?.sha256,
        memory: memory.of(caller),
      };
      const honest = () => synapse.answer(request, context);
      if (!agent) return honest();
      return agent.answer(request, {
        hotkey,
        honest,
        random: () => random.uniform(),
        memory: agentMemory,
        workshop,
        runGraph,
        models: ports,
        params,
        synapse: name,
        infer: context.infer,
      });
    },
  };
}

/** What a caller is told when answering went wrong. */
export function refusalOf(error: unknown): RefusalCode {
  if (error instanceof BadRequest) return "AXON_BAD_REQUEST";
  if (isSubforgeError(error, "INFERENCE_OVERLOADED")) return "AXON_OVERLOADED";
  if (isSubforgeError(error, "INFERENCE_NO_MEMORY")) return "AXON_OVERLOADED"; // fewer at a time may fit
  if (isSubforgeError(error, "INFERENCE_DEADLINE")) return "AXON_DEADLINE";
  if (isSubforgeError(error, "INFERENCE_STOPPED")) return "AXON_STOPPING";
  return "AXON_FAILED";
}

function parse(parseRequest: () => Message): Message {
  try {
    return parseRequest();
  } catch (error) {
    throw new BadRequest("not a question of this synapse", { cause: error });
  }
}

function modelOf(models: AskedModels, name: string | undefined): Pick<ServedModel, "infer"> {
  const model = models.get(name);
  if (model) return model;
  const problem = name === undefined ? "this miner serves no model" : `this miner serves no model ${name}`;
  throw new SubforgeError("INFERENCE_INPUT", { problem });
}
