import type { Hex, Netuid } from "../../../../shared/types.ts";
import type { Account, CallContext } from "../../dsl/context.ts";
import { DispatchFailure, ensure } from "../../dsl/errors.ts";
import { commitWeights } from "./commit-weights.ts";
import { type SubmittedWeights, setWeights } from "./set-weights.ts";
import { events } from "./subtensor-events.ts";
import { errors } from "./subtensor-id.ts";

/** Set weights on several subnets. Those that fail are named, and the rest goes on. */
export function batchSetWeights(
  c: CallContext,
  hotkey: Account,
  netuids: readonly Netuid[],
  weights: readonly (readonly [number, number][])[],
  versionKeys: readonly bigint[],
): void {
  const sameLengths = netuids.length === weights.length && netuids.length === versionKeys.length;
  ensure(sameLengths, errors.is.InputLengthsUnequal);
  runBatch(c, hotkey, netuids, (netuid, i) => {
    const pairs = weights[i]!;
    const submitted: SubmittedWeights = {
      uids: pairs.map(([uid]) => uid),
      values: pairs.map(([, value]) => value),
      versionKey: versionKeys[i]!,
    };
    setWeights(c, hotkey, netuid, 0, submitted);
  });
}

/** Commit to hashes on several subnets, in the same manner. */
export function batchCommitWeights(
  c: CallContext,
  hotkey: Account,
  netuids: readonly Netuid[],
  hashes: readonly Hex[],
): void {
  ensure(netuids.length === hashes.length, errors.is.InputLengthsUnequal);
  runBatch(c, hotkey, netuids, (netuid, i) => commitWeights(c, hotkey, netuid, 0, hashes[i]!));
}

function runBatch(
  c: CallContext,
  hotkey: Account,
  netuids: readonly Netuid[],
  item: (netuid: Netuid, i: number) => void,
): void {
  const failures = netuids.flatMap((netuid, i) => {
    try {
      c.store.transaction(() => item(netuid, i));
      return [];
    } catch (error) {
      if (error instanceof DispatchFailure) return [[netuid, error.error] as const];
      throw error;
    }
  });
  if (failures.length > 0) c.deposit(events.make.BatchCompletedWithErrors());
  for (const [netuid, error] of failures) c.deposit(events.make.BatchWeightItemFailed([netuid, error]));
  c.deposit(events.make.BatchWeightsCompleted([[...netuids], hotkey]));
}
