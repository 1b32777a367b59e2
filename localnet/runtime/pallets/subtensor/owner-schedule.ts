import type { Netuid } from "../../../../shared/types.ts";
import type { CallContext, Context } from "../../dsl/context.ts";
import { ensure, fail } from "../../dsl/errors.ts";
import { isInAdminFreezeWindow } from "./epoch-clock.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { isAllowedAgain, rememberAct } from "./key-limits.ts";
import { Networks } from "./network-storage.ts";
import { ensureOwnerOrRoot } from "./subnet-owner.ts";
import { events } from "./subtensor-events.ts";
import { errors } from "./subtensor-id.ts";

/** Bounds of an owner's tempo and how often it may change, blocks. */
const MIN_TEMPO = 360;
const MAX_TEMPO = 50_400;
/** Bounds of the activity cutoff, thousandths of a tempo. */
const MIN_FACTOR = 1_000;
const MAX_FACTOR = 50_000;

const h = Hyperparameters;

/** `set_tempo`: another period between epochs, by the owner. It begins anew. Checks in the chain's order. */
export function setTempo(c: CallContext, netuid: Netuid, tempo: number): void {
  const owner = ensureOwnerOrRoot(c, netuid) ?? fail({ type: "BadOrigin" });
  ensure(tempo >= MIN_TEMPO && tempo <= MAX_TEMPO, errors.is.TempoOutOfBounds);
  ensureWindowOpen(c, netuid);
  const isAllowed = isAllowedAgain(c, "TempoUpdate", owner, netuid, BigInt(MIN_TEMPO));
  ensure(isAllowed, errors.is.TxRateLimitExceeded);
  h.Tempo.put(c.store, netuid, tempo);
  h.LastEpochBlock.put(c.store, netuid, BigInt(c.block));
  c.deposit(events.make.TempoSet([netuid, tempo]));
  rememberAct(c, "TempoUpdate", owner, netuid);
}

/** `set_activity_cutoff_factor`: after how many tempos without weights a validator counts no more. */
export function setActivityCutoffFactor(c: CallContext, netuid: Netuid, factor: number): void {
  const owner = ensureOwnerOrRoot(c, netuid);
  ensure(factor >= MIN_FACTOR && factor <= MAX_FACTOR, errors.is.ActivityCutoffFactorMilliOutOfBounds);
  if (owner !== undefined) {
    ensureWindowOpen(c, netuid);
    ensureOwnerLimit(c, netuid, "ActivityCutoffFactorMilli");
  }
  h.ActivityCutoffFactorMilli.put(c.store, netuid, factor);
  c.deposit(events.make.ActivityCutoffFactorMilliSet({ netuid, factor_milli: factor }));
  if (owner !== undefined) rememberOwnerUse(c, netuid, "ActivityCutoffFactorMilli");
}

/** `trigger_epoch`: an epoch out of turn, after the freeze window. Not while weights are committed first. */
export function triggerEpoch(c: CallContext, netuid: Netuid): void {
  const { store: s } = c;
  const by = ensureOwnerOrRoot(c, netuid) ?? fail({ type: "BadOrigin" });
  ensure(!h.CommitRevealWeightsEnabled.get(s, netuid), errors.is.DynamicTempoBlockedByCommitReveal);
  ensure(h.PendingEpochAt.get(s, netuid) === 0n, errors.is.EpochTriggerAlreadyPending);
  const window = BigInt(h.AdminFreezeWindow.get(s));
  const regular = h.LastEpochBlock.get(s, netuid) + BigInt(h.Tempo.get(s, netuid));
  const isFar = h.Tempo.get(s, netuid) === 0 || regular - BigInt(c.block) >= window;
  ensure(isFar, errors.is.AutoEpochAlreadyImminent);
  ensureOwnerLimit(c, netuid, "TriggerEpoch");
  const fires_at = BigInt(c.block) + window;
  h.PendingEpochAt.put(s, netuid, fires_at);
  rememberOwnerUse(c, netuid, "TriggerEpoch");
  c.deposit(events.make.EpochTriggered({ netuid, by, fires_at }));
}

type Limited = "ActivityCutoffFactorMilli" | "TriggerEpoch";

function ensureWindowOpen(c: Context, netuid: Netuid): void {
  ensure(!isInAdminFreezeWindow(c, netuid), errors.is.AdminActionProhibitedDuringWeightsWindow);
}

function ensureOwnerLimit({ store: s, block }: Context, netuid: Netuid, parameter: Limited): void {
  const last = Networks.LastRateLimitedBlock.get(s, limitKey(netuid, parameter));
  const tempos = BigInt(h.OwnerHyperparamRateLimit.get(s));
  const isLate = last === 0n || BigInt(block) - last >= tempos * BigInt(h.Tempo.get(s, netuid));
  ensure(isLate, errors.is.TxRateLimitExceeded);
}

function rememberOwnerUse({ store: s, block }: Context, netuid: Netuid, parameter: Limited): void {
  Networks.LastRateLimitedBlock.put(s, limitKey(netuid, parameter), BigInt(block));
}

function limitKey(netuid: Netuid, parameter: Limited) {
  return { type: "OwnerHyperparamUpdate", value: [netuid, { type: parameter }] } as {
    type: "OwnerHyperparamUpdate";
    value: [number, { type: Limited }];
  };
}
