import type { Agent, AgentContext, AgentParam } from "../../shared/template.ts";
import { FORGERIES } from "./forgeries.ts";
import { startSolving, type Training } from "./solution.ts";
import type { OfferRequest } from "./synapse-offer.ts";

/** Training is nearly all the cost of a job; hashing and opening states is the rest. */
const WITHOUT_TRAINING = 0.05;

/** Somebody whose root is copied. */
const SOMEBODY = "somebody else";

const SHARE: Record<string, AgentParam> = {
  share: { default: 0.5, min: 0, max: 1, describe: "of the training that is not done" },
};

/** Begins another work than the one that was asked for, and answers everything else as who is bound to that. */
function training(
  about: Pick<Agent, "name" | "describe" | "cost"> & { params?: Agent["params"] },
  how: (share: number) => Training,
): Agent {
  return {
    ...about,
    async answer(request, miner) {
      if (miner.synapse !== "offer") return miner.honest();
      return accept(request as OfferRequest, miner, how(miner.params.share ?? 1));
    },
  };
}

function accept({ job }: OfferRequest, miner: AgentContext, how: Training) {
  return { accepted: startSolving(job, miner, how), reason: "" };
}

const forgers = [
  training(
    {
      ...{
        name: "interpolator",
        describe: "claims a straight line to a model that it stole",
        cost: WITHOUT_TRAINING,
      },
    },
    FORGERIES.a,
  ),
  training(
    { name: "tiny-steps", describe: "takes steps too small to be told from none", cost: 1 },
    FORGERIES.b,
  ),
  training(
    {
      ...{ name: "step-skipper", describe: "leaves out half of the steps in a share of the intervals" },
      ...{ cost: 0.75, params: SHARE },
    },
    FORGERIES.c,
  ),
  training(
    {
      ...{ name: "prefix-copier", describe: "trains for a while and copies its last state from there on" },
      ...{ cost: 0.5, params: SHARE },
    },
    FORGERIES.d,
  ),
  training(
    { name: "synthesiser", describe: "trains on rows that give the steps it wants", cost: 1 },
    FORGERIES.e,
  ),
  training(
    { name: "re-signer", describe: "shows the checkpoints of another job", cost: WITHOUT_TRAINING },
    FORGERIES.f,
  ),
  training(
    {
      ...{ name: "small-forger", describe: "forges only intervals in which little happens" },
      ...{ cost: 0.5, params: SHARE },
    },
    FORGERIES.g,
  ),
  training(
    { name: "jumper", describe: "jumps to a model that it stole, and trains from there", cost: 0.5 },
    FORGERIES.h,
  ),
];

const lazy = training(
  { name: "lazy", describe: "does nothing and swears to it", cost: WITHOUT_TRAINING },
  () => FORGERIES.d(1),
);

const refuser: Agent = {
  name: "refuser",
  describe: "trains and swears to it, and shows no state",
  cost: 1,
  answer: async (_, { synapse, honest }) => (synapse === "open" ? undefined : honest()),
};

const copier: Agent = {
  name: "copier",
  describe: "swears to the root of another solver, and shows that solver's states",
  cost: WITHOUT_TRAINING,
  async answer(request, miner) {
    if (miner.synapse !== "offer") return miner.honest();
    const { job } = request as OfferRequest;
    const accepted = startSolving(job, { ...miner, hotkey: SOMEBODY });
    return { accepted, reason: "" };
  },
};

const idler: Agent = {
  name: "idler",
  describe: "accepts every job and trains none",
  cost: WITHOUT_TRAINING,
  answer: async (_, { synapse, honest }) => (synapse === "offer" ? { accepted: true, reason: "" } : honest()),
};

/** Ways to be paid for a training that was not done. */
export const agents: readonly Agent[] = [...forgers, lazy, idler, refuser, copier];
