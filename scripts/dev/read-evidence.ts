import { existsSync } from "node:fs";
import { readJournal } from "../../shared/journal/journal.ts";
import type { Hotkey, Json, Netuid } from "../../shared/types.ts";

/** Under this name templates keep what decided a whole epoch of a miner. */
const WHOLE_EPOCH = "epoch";

/** Why a miner has its score of an epoch, as the validator's journal has it beside its process. Undefined: it does not say. */
export function readEvidence(
  journalPath: string,
  netuid: Netuid,
): (epoch: number, hotkey: Hotkey) => Json | undefined {
  return (epoch, hotkey) => {
    if (!existsSync(journalPath)) return undefined;
    const journal = readJournal(journalPath);
    try {
      const key = { netuid, mechanism: 0, epoch };
      return journal.scores.evidence(key, hotkey).find(({ taskId }) => taskId === WHOLE_EPOCH)?.facts;
    } finally {
      journal.close();
    }
  };
}

/** The facts that are one word or number each, but for those a table has already. */
export function factWords(why: Json | null): string {
  if (typeof why !== "object" || why === null || Array.isArray(why)) return "";
  return Object.entries(why)
    .filter(([name, value]) => !IN_TABLE.has(name) && ["string", "number"].includes(typeof value))
    .map(([name, value]) => `${name} ${shorten(value as string | number)}`)
    .join(", ");
}

const IN_TABLE = new Set(["score", "reason"]);
const MAX_CHARS = 48;

function shorten(value: string | number): string {
  const text = typeof value === "number" ? String(Math.round(value * 1e4) / 1e4) : value;
  return text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS)}…` : text;
}
