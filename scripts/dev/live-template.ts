import { SubforgeError } from "../../shared/errors.ts";
import type { Agent, SubnetTemplate, Synapse } from "../../shared/template.ts";
import { modelsOf } from "../template-folder/load-template.ts";

/** A template whose code is replaced while miners serve it: they hold `template`, which always does what the newest says. */
export type LiveTemplate = {
  template: SubnetTemplate;
  /** @throws SubforgeError TEMPLATE_INVALID when miners would have to start again: another id, or other synapses */
  replace(next: SubnetTemplate): void;
};

/** Limits of the synapses stay those of the start: they are part of the miners' routes. */
export function createLiveTemplate(first: SubnetTemplate): LiveTemplate {
  let current = first;
  const synapses = Object.fromEntries(
    Object.entries(first.synapses).map(([name, synapse]) => {
      const now = (): Synapse => current.synapses[name]!;
      return [
        name,
        {
          ...synapse,
          parseRequest: (message) => now().parseRequest(message),
          answer: (request, miner) => now().answer(request, miner),
        } satisfies Synapse,
      ];
    }),
  );
  const agents = first.agents.map(
    (agent): Agent => ({
      ...agent,
      answer: (request, miner) =>
        (current.agents.find(({ name }) => name === agent.name) ?? agent).answer(request, miner),
    }),
  );
  return {
    template: { ...first, synapses, agents },
    replace(next) {
      const [had, has] = [namesOf(current), namesOf(next)];
      if (had !== has) {
        throw new SubforgeError("TEMPLATE_INVALID", {
          path: modelsOf(next),
          problem: `it was ${had} and is ${has} now: stop subforge dev and start it again`,
        });
      }
      current = next;
    },
  };
}

function namesOf({ id, synapses }: SubnetTemplate): string {
  return `${id} with ${Object.keys(synapses).sort().join(", ")}`;
}
