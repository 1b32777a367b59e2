import type { JournalHistory } from "./history.ts";

/** A time in which the chain could not be reached, or nobody was there who could have. Milliseconds of one clock. */
export type Trouble = { fromMs: number; toMs: number };

/** One epoch as the chain had it. */
export type EpochSpan = { epoch: number; fromMs: number; toMs: number };

/** Part of an epoch that trouble may take from its beginning: the rest is enough to get a vector onto the chain. */
const MAY_BE_LOST = 0.3;

/** What a process needs to be there again after trouble: start, connections, metadata. */
const GET_UP_MS = 4_000;

export type Liveness = {
  /** Epochs in which the chain was reachable long enough. */
  owed: number[];
  /** Those of them without a verified vector, and what the journal says instead. */
  missed: { epoch: number; why: string }[];
};

/**
 * Did every epoch in which the chain was reachable inside the window get its verified vector? Pure.
 *
 * @param firstScored - Before it there was nothing to send.
 */
export function checkLiveness(
  spans: readonly EpochSpan[],
  troubles: readonly Trouble[],
  journal: JournalHistory,
  firstScored: number,
): Liveness {
  const owed = spans
    .filter(({ epoch }) => epoch > firstScored)
    .filter(({ fromMs, toMs }) => {
      const lastMoment = fromMs + MAY_BE_LOST * (toMs - fromMs);
      return troubles.every((trouble) => trouble.toMs + GET_UP_MS <= lastMoment || trouble.fromMs >= toMs);
    })
    .map(({ epoch }) => epoch);
  const missed = owed.flatMap((epoch) => {
    const receipt = journal.receipts.find((candidate) => candidate.epoch === epoch);
    if (receipt?.status === "verified") return [];
    const record = journal.epochs.find((candidate) => candidate.epoch === epoch);
    const why = receipt
      ? `${receipt.status} ${receipt.reason ?? ""}`
      : `no receipt, ${record?.status ?? "not planned"}`;
    return [{ epoch, why: why.trim() }];
  });
  return { owed, missed };
}
