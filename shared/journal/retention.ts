import type { EpochKey } from "./epoch-rows.ts";
import type { SqliteFile } from "./sqlite-file.ts";

/** How large a journal may get before old answers go: some weeks of 256 miners with answers of some kilobytes. */
export const DEFAULT_MAX_BYTES = 1024 ** 3;

/** Epochs that are emptied at one call: a bound on how long it takes. */
const EPOCHS_PER_CALL = 16;

/** Pages given back to the disk at one call: 4 MiB. */
const PAGES_PER_CALL = 1_024;

/** Newest epochs of a mechanism whose scores stay: the outage guard, and whoever asks why, look back at them. */
const SCORES_KEPT = 16;

export type TrimReport = {
  /** What the records take; the file may be larger until its free pages are given back. */
  bytes: number;
  /** Epochs that lost something to make room. */
  emptied: number;
};

/*
 * What goes first is what is largest and worth least: replies and evidence, from the oldest epoch on, of all subnets. Then
 * scores, contexts and what was told with results. Receipts, commitments, signed results and the newest states never go:
 * they are what nothing else remembers.
 */
const LEVELS = [
  {
    oldest: `SELECT netuid, mechanism, epoch FROM epochs e WHERE status <> 'planned'
      AND EXISTS (SELECT 1 FROM jobs j WHERE j.netuid = e.netuid AND j.mechanism = e.mechanism AND j.epoch = e.epoch)
      AND NOT EXISTS (SELECT 1 FROM stages s WHERE s.netuid = e.netuid AND s.mechanism = e.mechanism
        AND s.epoch = e.epoch AND s.status IN ('waiting', 'asking'))
      ORDER BY created_ms, epoch LIMIT 1`,
    remove: ["DELETE FROM answers", "DELETE FROM jobs", "DELETE FROM evidence"],
  },
  {
    oldest: `SELECT netuid, mechanism, epoch FROM epochs e WHERE context IS NOT NULL AND status <> 'planned'
      AND epoch <= (SELECT MAX(epoch) FROM epochs n WHERE n.netuid = e.netuid AND n.mechanism = e.mechanism) - ${SCORES_KEPT}
      ORDER BY created_ms, epoch LIMIT 1`,
    remove: [
      ...["DELETE FROM scores", "DELETE FROM stages", "UPDATE epochs SET context = NULL"],
      "UPDATE results SET facts = NULL",
    ],
  },
];

/** Makes room in small steps, so that it can be called at every epoch. */
export function trimJournal(file: SqliteFile, maxBytes: number): TrimReport {
  let emptied = 0;
  for (const { oldest, remove } of LEVELS) {
    while (emptied < EPOCHS_PER_CALL && usedBytes(file) > maxBytes) {
      const key = file.get<EpochKey>(oldest);
      if (!key) break;
      file.transaction(() => {
        for (const sql of remove) {
          file.run(
            `${sql} WHERE netuid = ? AND mechanism = ? AND epoch = ?`,
            key.netuid,
            key.mechanism,
            key.epoch,
          );
        }
      });
      emptied++;
    }
  }
  file.exec(`PRAGMA incremental_vacuum(${PAGES_PER_CALL})`);
  return { bytes: usedBytes(file), emptied };
}

function usedBytes(file: SqliteFile): number {
  const pragma = (name: string) => file.get<Record<string, number>>(`PRAGMA ${name}`)?.[name] ?? 0;
  return (pragma("page_count") - pragma("freelist_count")) * pragma("page_size");
}
