import { join, resolve } from "node:path";
import type { OperatorChain } from "../../shared/chain/operator-chain.ts";
import { SubforgeError } from "../../shared/errors.ts";
import { type Journal, readJournal } from "../../shared/journal/journal.ts";
import type { Hex, Hotkey, Netuid } from "../../shared/types.ts";

/** Which records: the data folder, and one subnet or mechanism of several. */
export type JournalArgs = { data: string; netuid: number | undefined; mechanism: number | undefined };

export type Subject = { netuid: Netuid; mechanism: number };

/** Where `validator run` keeps the journal of a data folder. */
export function journalPath(data: string): string {
  return join(resolve(data), "journal.db");
}

/** A journal that is only read, and whose it is: also beside the validator that writes it. */
export type JournalView = Journal & { path: string; genesis: Hex; hotkey: Hotkey };

/**
 * Read the journal of a data folder, and close it.
 *
 * @throws SubforgeError JOURNAL_ABSENT when no validator has run with this folder, JOURNAL_BROKEN
 */
export async function withJournal<T>(
  { data }: Pick<JournalArgs, "data">,
  work: (journal: JournalView) => T | Promise<T>,
): Promise<T> {
  const path = journalPath(data);
  const journal = readJournal(path);
  try {
    const owner = journal.owner();
    if (!owner) throw new SubforgeError("JOURNAL_ABSENT", { path });
    return await work({ ...journal, path, ...owner });
  } finally {
    journal.close();
  }
}

/** What a journal says is held against its own chain alone. @throws SubforgeError JOURNAL_FOREIGN */
export function assertSameChain(
  { path, genesis }: JournalView,
  chain: Pick<OperatorChain, "identity">,
): void {
  const { genesis: expected } = chain.identity;
  if (genesis === expected) return;
  throw new SubforgeError("JOURNAL_FOREIGN", { path, what: "genesis", expected, found: genesis });
}

/**
 * The subnets and mechanisms that are meant: all that have records, or those that were named.
 *
 * @throws SubforgeError JOURNAL_NO_RECORD
 */
export function subjectsOf(
  journal: Pick<JournalView, "subjects" | "path">,
  { netuid, mechanism }: Pick<JournalArgs, "netuid" | "mechanism">,
): Subject[] {
  const known = journal.subjects();
  const meant = known.filter(
    (subject) =>
      (netuid === undefined || subject.netuid === netuid) &&
      (mechanism === undefined || subject.mechanism === mechanism),
  );
  if (meant.length > 0) return meant;
  const what = [
    ...(netuid === undefined ? [] : [`netuid ${netuid}`]),
    ...(mechanism === undefined ? [] : [`mechanism ${mechanism}`]),
  ];
  throw new SubforgeError("JOURNAL_NO_RECORD", {
    path: journal.path,
    what: what.length > 0 ? what.join(", ") : "any epoch",
    known: known.map(nameOf),
  });
}

/** One subject, for what can only be done to one. @throws SubforgeError JOURNAL_NO_RECORD, CLI_USAGE */
export function oneSubject(
  journal: Pick<JournalView, "subjects" | "path">,
  args: Pick<JournalArgs, "netuid" | "mechanism">,
  command: string,
): Subject {
  const [first, ...others] = subjectsOf(journal, args);
  if (first && others.length === 0) return first;
  const names = [first!, ...others].map(nameOf).join("; ");
  throw new SubforgeError("CLI_USAGE", {
    problem: `several are recorded, name one with --netuid and --mechanism: ${names}`,
    command,
  });
}

/** @example "netuid 2, mechanism 0" */
export function nameOf({ netuid, mechanism }: Subject): string {
  return `netuid ${netuid}, mechanism ${mechanism}`;
}
