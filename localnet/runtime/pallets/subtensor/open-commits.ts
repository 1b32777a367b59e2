import type { Netuid } from "../../../../shared/types.ts";
import type { Account, Context } from "../../dsl/context.ts";
import { Commits } from "./commit-storage.ts";
import { isExpired } from "./commit-weights.ts";

/**
 * Block of the oldest commit of each uid that is neither revealed nor expired, `Infinity` where there is none. Weights
 * must not reach a uid whose owner came after them.
 */
export function earliestOpenCommits(
  c: Context,
  netuid: Netuid,
  index: number,
  hotkeys: readonly Account[],
): number[] {
  const uids = new Map(hotkeys.map((hotkey, uid) => [hotkey, uid]));
  const earliest = hotkeys.map(() => Number.POSITIVE_INFINITY);
  const note = (hotkey: Account, block: bigint) => {
    const uid = uids.get(hotkey);
    if (uid !== undefined) earliest[uid] = Math.min(earliest[uid]!, Number(block));
  };
  for (const [[, hotkey], commits] of Commits.WeightCommits.entries(c.store, index)) {
    const first = commits.find(([, epoch]) => !isExpired(c, netuid, epoch));
    if (first) note(hotkey, first[2]);
  }
  for (const [[, epoch], commits] of Commits.TimelockedWeightCommits.entries(c.store, index)) {
    if (!isExpired(c, netuid, epoch)) for (const [hotkey, block] of commits) note(hotkey, block);
  }
  return earliest;
}
