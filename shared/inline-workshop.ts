import type { Participant, Workshop } from "./template.ts";
import type { BlockNumber } from "./types.ts";

/** Entries that are kept: what was asked an epoch or two ago. */
const MAX_ENTRIES = 16;

/** A workshop in memory, with the commitment that its work made last. */
export type InlineWorkshop = Workshop & {
  /** In the block after the one that `blockNow` named. Undefined: nothing was committed to yet. */
  commitment(): Participant["commitment"];
  /** Resolves when nothing is under way any more. */
  settled(): Promise<void>;
};

/**
 * Does at once whatever is started, for miners of a simulation or a test: there is no clock to wait for.
 *
 * @param blockNow - The block in which the miner was asked.
 */
export function createInlineWorkshop(blockNow: () => BlockNumber): InlineWorkshop {
  const entries = new Map<string, ReturnType<Workshop["look"]>>();
  const underWay = new Set<Promise<void>>();
  const { signal } = new AbortController();
  let committed: Participant["commitment"];

  const commit = async (data: Uint8Array) => {
    committed = { data, block: blockNow() + 1 };
  };
  return {
    start(key, work) {
      if (entries.has(key)) return "there";
      if (entries.size >= MAX_ENTRIES) entries.delete(entries.keys().next().value!);
      entries.set(key, { state: "running" });
      const done = work({ signal, commit }).then(
        (value) => void entries.set(key, { state: "done", value }),
        (error: unknown) => void entries.set(key, { state: "failed", problem: String(error) }),
      );
      underWay.add(done);
      void done.then(() => underWay.delete(done));
      return "started";
    },
    look: (key) => entries.get(key),
    commitment: () => committed,
    async settled() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}
