import { decodeOlderPayload, decodePayload } from "../../../../shared/chain/timelock/weights-payload.ts";
import type { Netuid } from "../../../../shared/types.ts";
import { bytesToHex } from "../../../types/hex.ts";
import type { Account, Context } from "../../dsl/context.ts";
import { DispatchFailure } from "../../dsl/errors.ts";
import { readTimelocked } from "../timelock-reader.ts";
import { Commits, type TimelockEntry } from "./commit-storage.ts";
import { currentEpoch, deferredSubnets } from "./epoch-clock.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { type SubmittedWeights, storeWeights } from "./set-weights.ts";
import { storageIndex, storageIndexes, subnetIdsWithoutRoot } from "./subnets.ts";
import { events } from "./subtensor-events.ts";

/** Bytes of an account. */
const ACCOUNT_BYTES = 32;

/**
 * In each block, before the epochs: what was committed a reveal period ago and has its pulse becomes weights. Without
 * its pulse it is tried again in the blocks of the same epoch, and forgotten afterwards.
 */
export function revealTimelockedWeights(c: Context): void {
  if (isEmpty(Commits.TimelockedWeightCommits.entries(c.store))) return;
  const deferred = deferredSubnets(c);
  for (const netuid of subnetIdsWithoutRoot(c.store)) if (!deferred.has(netuid)) revealSubnet(c, netuid);
}

function revealSubnet(c: Context, netuid: Netuid): void {
  const { store: s } = c;
  const epoch = currentEpoch(c, netuid);
  const period = Hyperparameters.RevealPeriodEpochs.get(s, netuid);
  const revealEpoch = epoch > period ? epoch - period : 0n;
  for (const [mechanism, index] of storageIndexes(s, netuid).entries()) {
    const epochs = [...Commits.TimelockedWeightCommits.entries(s, index)].map(([[, of]]) => of);
    for (const of of epochs) if (of < revealEpoch) Commits.TimelockedWeightCommits.remove(s, index, of);
    if (epoch < period) return;
    if (!epochs.includes(revealEpoch)) continue;
    const entries = Commits.TimelockedWeightCommits.get(s, index, revealEpoch);
    Commits.TimelockedWeightCommits.remove(s, index, revealEpoch);
    const waiting = entries.filter((entry) => !reveal(c, netuid, mechanism, entry));
    if (waiting.length > 0) Commits.TimelockedWeightCommits.put(s, index, revealEpoch, waiting);
  }
}

/** @returns false while it may open later. What does not open, and what the rules refuse, is dropped without a word. */
function reveal(
  c: Context,
  netuid: Netuid,
  mechanism: number,
  [hotkey, , commit, round]: TimelockEntry,
): boolean {
  const plaintext = readTimelocked(c.store, commit, round);
  if (plaintext === "wait") return false;
  const weights = plaintext && weightsOf(plaintext, hotkey);
  if (!weights) return true;
  try {
    c.store.transaction(() => storeWeights(c, hotkey, netuid, mechanism, weights));
    c.deposit(events.make.TimelockedWeightsRevealed([storageIndex(netuid, mechanism), hotkey]));
  } catch (error) {
    if (!(error instanceof DispatchFailure)) throw error;
  }
  return true;
}

/** The weights, unless they were encrypted by somebody else. The older layout says not by whom. */
function weightsOf(plaintext: Uint8Array, hotkey: Account): SubmittedWeights | undefined {
  const payload = decodePayload(plaintext);
  if (payload && payload.hotkey.length >= ACCOUNT_BYTES) {
    return bytesToHex(payload.hotkey.subarray(0, ACCOUNT_BYTES)) === hotkey ? payload : undefined;
  }
  return decodeOlderPayload(plaintext);
}

function isEmpty(entries: Iterable<unknown>): boolean {
  return entries[Symbol.iterator]().next().done === true;
}
