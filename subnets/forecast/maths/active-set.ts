import { bySeniority } from "./gate.ts";
import type { Worker } from "./types.ts";

/** Part of the seats that go by turns, to those who have waited longest. */
const TURNS = 1 / 4;

/**
 * Who takes part when more reveal than there are seats: most seats go to those with the best record, the others to
 * those who have waited longest, so that a newcomer can show what it is worth.
 *
 * @param known - Workers the topic remembers.
 * @returns In the order of ids.
 */
export function chooseActive<Revealer extends { id: string; registeredAt: number }>(
  revealers: readonly Revealer[],
  known: readonly Worker[],
  seats: number,
): Revealer[] {
  const byId = (a: Revealer, b: Revealer) => (a.id < b.id ? -1 : 1);
  if (revealers.length <= seats) return revealers.toSorted(byId);
  const records = new Map(known.map((worker) => [worker.id, worker]));
  const recordOf = ({ id }: Revealer) => records.get(id)?.scoreAverage ?? Number.NEGATIVE_INFINITY;
  const lastSeen = ({ id }: Revealer) => records.get(id)?.lastNonce ?? Number.NEGATIVE_INFINITY;
  const ranked = revealers.toSorted(
    // Two without a record differ by NaN, which is no order.
    (a, b) => (recordOf(a) === recordOf(b) ? 0 : recordOf(b) - recordOf(a)) || bySeniority(a, b),
  );
  const kept = seats - Math.floor(seats * TURNS);
  const waiting = ranked
    .slice(kept)
    .sort((a, b) => (lastSeen(a) === lastSeen(b) ? 0 : lastSeen(a) - lastSeen(b)) || bySeniority(a, b));
  return [...ranked.slice(0, kept), ...waiting.slice(0, seats - kept)].sort(byId);
}
