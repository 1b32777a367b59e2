import type { Message, Source } from "../../shared/template.ts";
import type { Hotkey } from "../../shared/types.ts";
import type { State } from "./graph/network.ts";
import { trainSteps } from "./interval.ts";
import type { TrainingJob } from "./job.ts";
import { hashOfState } from "./proofs.ts";
import { parseState } from "./state-message.ts";
import type { DisputeResponse } from "./synapse-dispute.ts";

const TIMEOUT_MS = 60_000;

/** The step at which two solvers part, from the state that both agree on. */
export type RefereeTask = {
  job: TrainingJob;
  parties: Hotkey[];
  interval: number;
  step: number;
  /** Task in which they showed it. */
  shown: string;
};

export type RefereeTruth = { hash: string };

/** The disputed step, by whoever decides. */
export const referee: Source<RefereeTask> = {
  timeoutMs: TIMEOUT_MS,
  async compute({ job, parties, interval, step, shown }, earlier) {
    const before = parties.flatMap((party): State[] => {
      const answer = earlier(party).get(shown);
      return answer?.ok ? [(answer.response as DisputeResponse).state!] : [];
    })[0];
    if (!before) throw new Error("neither showed the state before the step");
    const from = interval * job.stepsPerInterval + step;
    const { state } = await trainSteps(job, before, { from, count: 1 });
    return { state };
  },
  parseTruth: (message, { job }): RefereeTruth & Message => ({
    hash: hashOfState(parseState(message.state, job)),
  }),
};
