/** Where two lists part: the first entry that differs after one that agrees, and the places that were compared. */
export type Parting = { first: number; queries: number[] };

/**
 * Finds where two parties part who begin alike and end apart, in ceil(log2 (entries - 1)) comparisons. Where they agree
 * again in between, it is one of the places at which they part: each is as good for finding out who is wrong.
 *
 * @param entries - At least 2.
 * @param agree - Do they, at this place? They must at 0, and must not at the last one.
 */
export function bisect(entries: number, agree: (index: number) => boolean): Parting {
  const queries: number[] = [];
  let [low, high] = [0, entries - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    queries.push(middle);
    if (agree(middle)) low = middle;
    else high = middle;
  }
  return { first: high, queries };
}
