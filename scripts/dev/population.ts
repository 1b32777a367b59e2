import { SubforgeError } from "../../shared/errors.ts";
import type { Agent, SubnetTemplate } from "../../shared/template.ts";
import { listModels, type Model } from "../../subnets/models.ts";
import { modelsOf } from "../template-folder/load-template.ts";

/** One miner of `subforge dev`, and what is true about it. The chain does not know it; the report compares. */
export type DevMiner = {
  name: string;
  /** What the subnet's own measure says of the model it serves; 0 for one that answers nothing. */
  quality: number;
  /** Of a subnet where miners do several kinds of work: what it works as. Qualities compare within one role. */
  role?: string | undefined;
  /** The model behind it; undefined: its work needs none, or it is silent. */
  model: Model | undefined;
  /** It is announced, takes connections and never answers. */
  isSilent?: true;
  /** A behaviour other than honest work. */
  agent: Agent | undefined;
};

/** Honest miners of a template whose work needs no model. */
const WITHOUT_MODEL = [1, 2, 3].map((number) => ({ name: `miner-${number}`, quality: 1, role: undefined }));

/**
 * One honest miner for each model that comes with the subnet, best first within its role, then the adversaries with the
 * first model, then one that never answers.
 *
 * @param adversaries - Names of the template's agents.
 * @param preset - Of a template that asks several kinds of questions. Default: that of the first model.
 * @throws SubforgeError CLI_USAGE for a name the template does not know, MODEL_DAMAGED
 */
export async function populationOf(
  template: SubnetTemplate,
  adversaries: readonly string[],
  preset?: string,
): Promise<DevMiner[]> {
  const models = await listModels(modelsOf(template), preset);
  const workers = models.length > 0 ? models : WITHOUT_MODEL;
  const honest = workers.map((worker) => ({
    name: worker.name,
    quality: worker.quality,
    role: worker.role,
    model: models.find((model) => model === worker),
    agent: undefined,
  }));
  const hostile = adversaries.map((name) => {
    const agent = template.agents.find((candidate) => candidate.name === name);
    if (!agent) throw unknownAgent(name, template);
    return { name, quality: 0, model: models[0], agent };
  });
  return [
    ...honest,
    ...hostile,
    { name: "silent", quality: 0, model: undefined, isSilent: true, agent: undefined },
  ];
}

function unknownAgent(name: string, { id, agents }: SubnetTemplate): SubforgeError {
  const known = agents.map((agent) => agent.name).join(", ");
  return new SubforgeError("CLI_USAGE", {
    problem: `${id} has no adversary ${name}; ${known ? `it has ${known}` : "it has none"}`,
    command: "dev",
  });
}
