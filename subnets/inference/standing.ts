import type { Failure } from "../../shared/reasons.ts";
import { parseModelCommitment } from "../../shared/rules/model-commitment.ts";
import type { EpochContext } from "../../shared/template.ts";
import type { Hotkey } from "../../shared/types.ts";
import type { Verdict } from "./audit.ts";
import type { InferenceConfig } from "./config.ts";
import type { Page } from "./ledger.ts";

/** Epochs that a miner still has to wait until it is paid again. */
export type TimeOuts = { [hotkey: Hotkey]: number };

/** Who was found out waits from the next epoch on; who waited, one epoch less. */
export function updateTimeOuts(
  previous: TimeOuts,
  verdicts: ReadonlyMap<Hotkey, Verdict>,
  registered: ReadonlySet<Hotkey>,
  epochs: number,
): TimeOuts {
  const next: TimeOuts = {};
  for (const hotkey of [...registered].sort()) {
    const isFoundOut = verdicts.get(hotkey)?.outcome === "mismatch";
    const left = isFoundOut ? epochs : (previous[hotkey] ?? 0) - 1;
    if (left > 0) next[hotkey] = left;
  }
  return next;
}

/** Why a miner earns nothing in this epoch, however good its answers were. Whoever is missing may earn. */
export function validityOf(
  { participants, config }: EpochContext<InferenceConfig>,
  found: {
    pages: ReadonlyMap<Hotkey, Page>;
    verdicts: ReadonlyMap<Hotkey, Verdict>;
    /** Before this epoch and after it. */
    timeOuts: TimeOuts;
  },
): Map<Hotkey, Failure> {
  const faults = new Map<Hotkey, Failure>();
  for (const { hotkey, commitment } of participants) {
    const model = commitment && parseModelCommitment(commitment.data);
    const verdict = found.verdicts.get(hotkey)?.outcome;
    const named = found.pages.get(hotkey)?.modelHashes ?? [];
    if (verdict === "mismatch" || hotkey in found.timeOuts) faults.set(hotkey, "audit-mismatch");
    else if (verdict === "problem" || (config.requireCommitment && !model))
      faults.set(hotkey, "model-missing");
    else if (model && named.some((hash) => hash !== model.sha256)) faults.set(hotkey, "stale-model");
  }
  return faults;
}
