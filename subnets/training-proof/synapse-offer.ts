import type { Synapse } from "../../shared/template.ts";
import { SHORT_TIMEOUT_MS } from "./config.ts";
import type { TrainingJob } from "./job.ts";
import { parseJob } from "./job-facts.ts";
import { startSolving } from "./solution.ts";

const MAX_BYTES = 16_384;
const MAX_REASON_CHARS = 200;

export type OfferTask = { job: TrainingJob };

export type OfferRequest = { job: TrainingJob };

/** `reason`: why not, "" when it is accepted. */
export type OfferResponse = { accepted: boolean; reason: string };

/** A job is offered. Who accepts it trains in its workshop, and says on chain when it is done. */
export const offer: Synapse<OfferTask, OfferRequest, OfferResponse> = {
  timeoutMs: SHORT_TIMEOUT_MS,
  maxRequestBytes: MAX_BYTES,
  maxResponseBytes: MAX_BYTES,
  isPublic: true,
  createRequest: ({ job }) => ({ job }),
  parseRequest: ({ job }) => ({ job: parseJob(job) }),
  async answer({ job }, miner) {
    const accepted = startSolving(job, miner);
    return { accepted, reason: accepted ? "" : "there is no room for more work" };
  },
  parseResponse({ accepted, reason }) {
    if (typeof accepted !== "boolean" || typeof reason !== "string") throw new Error("accept or refuse");
    return { accepted, reason: reason.slice(0, MAX_REASON_CHARS) };
  },
};
