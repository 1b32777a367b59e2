import type { Netuid } from "../../../../shared/types.ts";
import type { Reader } from "../../../state/store.ts";
import { type EpochClock, isEpochDue, isInFreezeWindow } from "../../consensus/schedule.ts";
import type { Context } from "../../dsl/context.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { hotkeysOf } from "./neurons.ts";
import { Stakes } from "./stake-storage.ts";
import { subnetIdsWithoutRoot } from "./subnets.ts";
import { events } from "./subtensor-events.ts";

/** What a subnet saved up since its last epoch, rao of alpha. */
export type DrainedPots = {
  netuid: Netuid;
  server: bigint;
  validator: bigint;
  root: bigint;
  ownerCut: bigint;
};

/** Advance the clock of every subnet, and empty the pots of those whose epoch runs in this block. */
export function scheduleEpochs(c: Context): DrainedPots[] {
  const { store: s } = c;
  const limit = Hyperparameters.MaxEpochsPerBlock.get(s);
  const drained: DrainedPots[] = [];

  for (const netuid of subnetIdsWithoutRoot(s)) {
    Hyperparameters.BlocksSinceLastStep.mutate(s, netuid, (blocks) => blocks + 1n);
    if (!isEpochDue(clockOf(s, netuid), c.block)) continue;
    if (drained.length >= limit) {
      const next = BigInt(c.block + 1);
      Hyperparameters.PendingEpochAt.put(s, netuid, next);
      c.deposit(events.make.EpochDeferred({ netuid, from_block: BigInt(c.block), to_block: next }));
      continue;
    }
    if (hasUniqueHotkeys(s, netuid)) {
      Hyperparameters.BlocksSinceLastStep.put(s, netuid, 0n);
      drained.push(drainPots(c, netuid));
    } else {
      c.deposit(events.make.EpochSkipped({ netuid, block: BigInt(c.block) }));
    }
    Hyperparameters.LastEpochBlock.put(s, netuid, BigInt(c.block));
    Hyperparameters.PendingEpochAt.put(s, netuid, 0n);
    Hyperparameters.SubnetEpochIndex.mutate(s, netuid, (index) => index + 1n);
  }
  return drained;
}

/** The epoch that commits and reveals of this block belong to: one that is due in it counts already. */
export function currentEpoch({ store: s, block }: Context, netuid: Netuid): bigint {
  const due = isEpochDue(clockOf(s, netuid), block);
  return Hyperparameters.SubnetEpochIndex.get(s, netuid) + (due ? 1n : 0n);
}

/** Subnets whose epoch is due in this block and will be put off to the next. To be asked before the clocks advance. */
export function deferredSubnets({ store: s, block }: Context): Set<Netuid> {
  const limit = Hyperparameters.MaxEpochsPerBlock.get(s);
  const deferred = new Set<Netuid>();
  let running = 0;
  for (const netuid of subnetIdsWithoutRoot(s)) {
    if (!isEpochDue(clockOf(s, netuid), block)) continue;
    if (running >= limit) deferred.add(netuid);
    else if (hasUniqueHotkeys(s, netuid)) running++;
  }
  return deferred;
}

/** No administrative change now: an epoch is near. */
export function isInAdminFreezeWindow({ store: s, block }: Context, netuid: Netuid): boolean {
  return isInFreezeWindow(clockOf(s, netuid), block, Hyperparameters.AdminFreezeWindow.get(s));
}

/** First block at which the next epoch is due, undefined when epochs are off. */
export function nextEpochBlock(s: Reader, netuid: Netuid): number | undefined {
  const { tempo, lastEpochBlock, pendingEpochAt } = clockOf(s, netuid);
  if (tempo === 0) return undefined;
  const regular = lastEpochBlock + tempo;
  return pendingEpochAt > 0 ? Math.min(regular, pendingEpochAt) : regular;
}

export function clockOf(s: Reader, netuid: Netuid): EpochClock {
  return {
    tempo: Hyperparameters.Tempo.get(s, netuid),
    lastEpochBlock: Number(Hyperparameters.LastEpochBlock.get(s, netuid)),
    pendingEpochAt: Number(Hyperparameters.PendingEpochAt.get(s, netuid)),
    blocksSinceLastStep: Number(Hyperparameters.BlocksSinceLastStep.get(s, netuid)),
  };
}

function hasUniqueHotkeys(s: Reader, netuid: Netuid): boolean {
  const hotkeys = hotkeysOf(s, netuid);
  return new Set(hotkeys).size === hotkeys.length;
}

function drainPots({ store: s }: Context, netuid: Netuid): DrainedPots {
  const pots = {
    netuid,
    server: Stakes.PendingServerEmission.get(s, netuid),
    validator: Stakes.PendingValidatorEmission.get(s, netuid),
    root: Stakes.PendingRootAlphaDivs.get(s, netuid),
    ownerCut: Stakes.PendingOwnerCut.get(s, netuid),
  };
  Stakes.PendingServerEmission.put(s, netuid, 0n);
  Stakes.PendingValidatorEmission.put(s, netuid, 0n);
  Stakes.PendingRootAlphaDivs.put(s, netuid, 0n);
  Stakes.PendingOwnerCut.put(s, netuid, 0n);
  return pots;
}
