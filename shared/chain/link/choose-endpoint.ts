import type { BlockNumber } from "../../types.ts";
import type { EndpointState } from "./endpoint.ts";

/** An endpoint so far behind the best one lags: its answers are old, and what it is given arrives late. */
const LAG_BLOCKS = 3;

/** How much better another endpoint must score before the present one is left: no hopping between equals. */
const LEAD = 4;

/** What the choice looks at. */
export type Candidate = {
  url: string;
  state: EndpointState;
  score: number;
  isSuspect: boolean;
  best: { number: BlockNumber } | undefined;
};

/** Behind the furthest of its peers, by more than a block may travel late. */
export function isLagging<C extends Candidate>(candidate: C, all: readonly C[]): boolean {
  const furthest = Math.max(...all.filter(isUp).map(({ best }) => best?.number ?? 0));
  return furthest - (candidate.best?.number ?? 0) > LAG_BLOCKS;
}

/** May it be given a transaction, and believed about its pool? Pure. */
export function isWritable<C extends Candidate>(candidate: C, all: readonly C[]): boolean {
  return candidate.state === "ready" && !isLagging(candidate, all);
}

/**
 * Endpoints that can be asked, best first: those in step with the chain, then by score, then as listed. The present
 * one stays first until it is clearly worse. One that lags or syncs is asked only when there is no other.
 */
export function inOrder<C extends Candidate>(all: readonly C[], present: C | undefined): C[] {
  const rank = (candidate: C): number => {
    const inStep = isWritable(candidate, all) ? 2 : 0;
    return inStep + (candidate.isSuspect ? 0 : 1);
  };
  const points = (candidate: C): number => candidate.score + (candidate === present ? LEAD : 0);
  return all
    .filter(isUp)
    .map((candidate, place) => ({ candidate, place }))
    .sort(
      (a, b) =>
        rank(b.candidate) - rank(a.candidate) ||
        points(b.candidate) - points(a.candidate) ||
        a.place - b.place,
    )
    .map(({ candidate }) => candidate);
}

function isUp({ state }: Candidate): boolean {
  return state === "ready" || state === "syncing";
}
