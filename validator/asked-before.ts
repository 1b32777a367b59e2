import type { Hotkey } from "../shared/types.ts";

/** Of each miner: as many as are on the way together, and those just before. */
const KEEP_PER_MINER = 4;
const MAX_MINERS = 1_024;

type Past = { requestHashes: string[]; signatures: string[] };

/**
 * The last questions to each miner and the last signatures that were taken from it: a reply that does not belong to its
 * question may belong to one of those.
 */
export class AskedBefore {
  /** Least recently asked first. */
  readonly #past = new Map<Hotkey, Past>();

  asked(miner: Hotkey, requestHash: string): void {
    const past = this.#past.get(miner) ?? { requestHashes: [], signatures: [] };
    this.#past.delete(miner);
    this.#past.set(miner, past);
    keep(past.requestHashes, requestHash);
    if (this.#past.size > MAX_MINERS) this.#past.delete(this.#past.keys().next().value!);
  }

  /** Its reply was taken. */
  answered(miner: Hotkey, signature: string): void {
    const past = this.#past.get(miner);
    if (past) keep(past.signatures, signature);
  }

  /** Was this very reply taken before? */
  knows(miner: Hotkey, signature: string): boolean {
    return this.#past.get(miner)?.signatures.includes(signature) ?? false;
  }

  /** Hashes of other questions that this miner was asked. */
  others(miner: Hotkey, requestHash: string): string[] {
    return (this.#past.get(miner)?.requestHashes ?? []).filter((other) => other !== requestHash);
  }
}

function keep(list: string[], entry: string): void {
  list.push(entry);
  if (list.length > KEEP_PER_MINER) list.shift();
}
