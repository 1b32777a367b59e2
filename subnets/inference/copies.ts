import { identicalGroups } from "../../shared/rules/duplicates.ts";
import type { Participant } from "../../shared/template.ts";
import type { Hotkey } from "../../shared/types.ts";
import type { Page } from "./ledger.ts";

/** A copy stays unpaid until it has been different for so many epochs. */
const EPOCHS_APART = 3;

/** Copies, with the epochs that each still has to be different. */
export type Copies = { [hotkey: Hotkey]: number };

/**
 * Who said the same as somebody else, digit for digit, about images that both got. The member that registered first
 * keeps its pay.
 *
 * Answers are not committed to before they are shown yet, so being first is a matter of registration, and only the
 * same digits make a copy: mere likeness is also found between honest models of one kind.
 */
export function findCopies(
  previous: Copies,
  pages: ReadonlyMap<Hotkey, Page>,
  participants: readonly Participant[],
): Copies {
  const age = new Map(
    participants.map(({ hotkey, registeredAt, uid }) => [hotkey, [registeredAt, uid] as const]),
  );
  const byAge = (a: Hotkey, b: Hotkey) => {
    const [[blockA, uidA], [blockB, uidB]] = [age.get(a)!, age.get(b)!];
    return blockA - blockB || uidA - uidB;
  };

  const next: Copies = {};
  for (const [hotkey, epochs] of Object.entries(previous)) {
    const answered = (pages.get(hotkey)?.latenciesMs.length ?? 0) > 0; // silence is not being different
    const left = answered ? epochs - 1 : epochs;
    if (age.has(hotkey) && left > 0) next[hotkey] = left;
  }
  for (const group of groupsOf(pages)) {
    const [, ...copies] = group.filter((hotkey) => age.has(hotkey)).sort(byAge);
    for (const copy of copies) next[copy] = EPOCHS_APART;
  }
  return next;
}

function groupsOf(pages: ReadonlyMap<Hotkey, Page>): Hotkey[][] {
  const byTask = new Map<string, Map<Hotkey, string>>();
  for (const [hotkey, { fingerprints }] of pages) {
    for (const { taskId, hash } of fingerprints) {
      const fingerprint = byTask.get(taskId) ?? new Map<Hotkey, string>();
      byTask.set(taskId, fingerprint.set(hotkey, hash));
    }
  }
  return [...byTask.values()].flatMap(identicalGroups);
}
