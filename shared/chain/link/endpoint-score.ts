/** An endpoint that never failed. Few enough points that old merits do not hide a new failure. */
export const BEST_SCORE = 10;
const WORST_SCORE = -10;

/** What happened, and how much it says about the next question. A frame that is no JSON-RPC says most. */
const POINTS = { answered: 1, late: -2, closed: -2, unreachable: -2, throttled: -3, busy: -1, malformed: -8 };

export type EndpointDeed = keyof typeof POINTS;

/** The new score, between -10 and 10. */
export function rescore(score: number, deed: EndpointDeed): number {
  return Math.max(WORST_SCORE, Math.min(BEST_SCORE, score + POINTS[deed]));
}
