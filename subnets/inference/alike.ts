import { residualCorrelation } from "../../shared/rules/duplicates.ts";
import type { Hotkey } from "../../shared/types.ts";
import type { Page } from "./ledger.ts";

/** Share of the newest epoch in what is held against a pair. */
const NEWEST = 0.3;

/** Robust standard deviations from the field, and for how many epochs in a row, that make two miners one. */
const LIMIT = 3.5;
const EPOCHS_IN_A_ROW = 3;

/** With fewer miners no pair can stand out of a field. */
const MIN_FIELD = 5;

/** What is forgotten: a pair that is like any other, and, of too many that are not, the least alike. */
const FORGOTTEN = 1;
const MAX_PAIRS = 2_048;

/** Pairs that were alike lately: how much, as a moving average, and for how many epochs in a row beyond the limit. */
export type Pairs = { [pair: string]: [z: number, epochs: number] };

/**
 * Who errs like whom? Everybody got the same items, and answers agree because both are right; only copies are wrong in
 * the same way.
 *
 * @param pages - Of miners that earned something: what is worth nothing need not be compared.
 */
export function updatePairs(previous: Pairs, pages: ReadonlyMap<Hotkey, Page>): Pairs {
  const hotkeys = [...pages.keys()].sort();
  const now = new Map<string, number>();
  if (hotkeys.length >= MIN_FIELD) {
    for (const [first, second, z] of residualCorrelation(toRows(hotkeys.map((key) => pages.get(key)!)))) {
      now.set(`${hotkeys[first]} ${hotkeys[second]}`, z);
    }
  }
  const next: [string, [number, number]][] = [];
  for (const pair of new Set([...Object.keys(previous), ...now.keys()])) {
    const [before, epochs] = previous[pair] ?? [0, 0];
    const z = now.get(pair);
    if (z === undefined) {
      next.push([pair, [before, epochs]]); // one of them was silent, which is not being different
      continue;
    }
    const running = (1 - NEWEST) * before + NEWEST * z;
    if (running >= FORGOTTEN) next.push([pair, [running, running > LIMIT ? epochs + 1 : 0]]);
  }
  next.sort(([a, [z]], [b, [other]]) => other - z || (a < b ? -1 : 1));
  return Object.fromEntries(next.slice(0, MAX_PAIRS).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Without those who are not there any more. */
export function pairsAmong(pairs: Pairs, registered: ReadonlySet<Hotkey>): Pairs {
  return Object.fromEntries(
    Object.entries(pairs).filter(([pair]) => pair.split(" ").every((hotkey) => registered.has(hotkey))),
  );
}

/** Everybody who is alike with somebody, directly or through others. */
export function alikeGroups(pairs: Pairs): Hotkey[][] {
  const edges = Object.entries(pairs).filter(([, [, epochs]]) => epochs >= EPOCHS_IN_A_ROW);
  return connected(edges.map(([pair]) => pair.split(" ") as [Hotkey, Hotkey]));
}

/** Groups of those who are linked, sorted inside. */
function connected(links: readonly (readonly [Hotkey, Hotkey])[]): Hotkey[][] {
  const groups = new Map<Hotkey, Set<Hotkey>>();
  for (const [a, b] of links) {
    const merged = new Set([...(groups.get(a) ?? [a]), ...(groups.get(b) ?? [b])]);
    for (const hotkey of merged) groups.set(hotkey, merged);
  }
  return [...new Set(groups.values())].map((group) => [...group].sort());
}

/**
 * Residuals of each miner, one question after the other. Where a miner did not answer it missed nothing and agreed with
 * nobody: its residuals are 0 there.
 */
function toRows(pages: readonly Page[]): number[][] {
  const lengths = new Map<string, number>();
  for (const { sharedAnswers } of pages) {
    for (const { taskId, residuals } of sharedAnswers) lengths.set(taskId, residuals.length);
  }
  const tasks = [...lengths].sort(([a], [b]) => (a < b ? -1 : 1));
  return pages.map(({ sharedAnswers }) => {
    const answers = new Map(sharedAnswers.map(({ taskId, residuals }) => [taskId, residuals]));
    return tasks.flatMap(([taskId, length]) => answers.get(taskId) ?? Array<number>(length).fill(0));
  });
}
