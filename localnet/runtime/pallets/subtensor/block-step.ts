import type { Context } from "../../dsl/context.ts";
import { applyDueChildren } from "./children.ts";
import { emitBlock, updateMovingPrices } from "./coinbase.ts";
import { scheduleEpochs } from "./epoch-clock.ts";
import { payTempo } from "./payouts.ts";
import { decayRegistrationPrices } from "./register-neuron.ts";
import { revealTimelockedWeights } from "./reveal-timelocked.ts";
import { claimAutomatically } from "./root-claims.ts";

/** What happens at the start of every block, before any transaction, in the chain's order. */
export function stepBlock(c: Context): void {
  decayRegistrationPrices(c);
  revealTimelockedWeights(c);
  emitBlock(c);
  for (const pots of scheduleEpochs(c)) payTempo(c, pots);
  updateMovingPrices(c);
  applyDueChildren(c);
  claimAutomatically(c);
}
