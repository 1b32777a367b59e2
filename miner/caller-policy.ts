import type { Metagraph } from "../shared/chain/metagraph.ts";
import type { Hotkey, Rao } from "../shared/types.ts";
import type { RefusalCode } from "../shared/wire/refusals.ts";

/** Who may call. The chain decides, unless a list says otherwise. */
export type CallerPolicy = {
  /** Only hotkeys with a validator permit. */
  requirePermit: boolean;
  minStakeRao: Rao;
  /** Welcome without registration, permit or stake. */
  allow: ReadonlySet<Hotkey>;
  /** Never welcome; stronger than `allow`. */
  deny: ReadonlySet<Hotkey>;
  /** Older views of the chain decide nothing: everybody whom only the chain can vouch for is refused. */
  staleAfterMs: number;
};

/** Permits change once per tempo, 72 minutes on most subnets; a view may be a good part of that. */
export const DEFAULT_CALLER_POLICY: CallerPolicy = {
  requirePermit: true,
  minStakeRao: 0n,
  allow: new Set(),
  deny: new Set(),
  staleAfterMs: 20 * 60_000,
};

/** What the chain said about its hotkeys, and when. */
export type CallerView = {
  hotkeys: ReadonlyMap<Hotkey, { stakeRao: Rao; validatorPermit: boolean }>;
  seenAtMs: number;
};

export function toCallerView({ neurons }: Metagraph, seenAtMs: number): CallerView {
  return { hotkeys: new Map(neurons.map((neuron) => [neuron.hotkey, neuron])), seenAtMs };
}

/**
 * Of a hotkey that is only claimed: is it worth checking its signature? This may refuse and never welcomes.
 *
 * @returns The refusal, undefined for none.
 */
export function refuseStranger(
  hotkey: Hotkey,
  policy: CallerPolicy,
  view: CallerView,
  nowMs: number,
): RefusalCode | undefined {
  if (policy.deny.has(hotkey)) return "BTAUTH_NOT_WELCOME";
  if (policy.allow.has(hotkey)) return undefined;
  if (nowMs - view.seenAtMs > policy.staleAfterMs) return "AXON_CHAIN_STALE";
  return view.hotkeys.has(hotkey) ? undefined : "BTAUTH_NOT_WELCOME";
}

/** Of a hotkey that proved itself: may it call? */
export function refuseCaller(
  hotkey: Hotkey,
  policy: CallerPolicy,
  view: CallerView,
  nowMs: number,
): RefusalCode | undefined {
  const stranger = refuseStranger(hotkey, policy, view, nowMs);
  if (stranger || policy.allow.has(hotkey)) return stranger;
  const { stakeRao, validatorPermit } = view.hotkeys.get(hotkey)!;
  const isWelcome = (validatorPermit || !policy.requirePermit) && stakeRao >= policy.minStakeRao;
  return isWelcome ? undefined : "BTAUTH_NOT_WELCOME";
}
