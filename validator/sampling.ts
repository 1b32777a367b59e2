import { createHmac } from "node:crypto";
import type { RecordedSampling } from "../shared/journal/epoch-rows.ts";
import { minersOf } from "../shared/rules/participants.ts";
import type { EpochContext } from "../shared/template.ts";
import type { Hotkey } from "../shared/types.ts";

/**
 * How many of a subnet's miners may be asked in an epoch, above whatever a template wants: a validator that cannot ask
 * everybody still learns about everybody in time.
 */
export type Sampling =
  | { policy: "all" }
  | {
      /** `random`: by the epoch's secret; `stale-first`: who was not asked for longest comes first. */
      policy: "random" | "stale-first";
      /** Whole number of miners; below 1, that share of them. At least one is asked. */
      size: number;
    };

export const EVERYBODY: Sampling = { policy: "all" };

/** Of a random sample, this part goes first to those who were never asked: newcomers are immune for a while only. */
const NEWCOMERS_SHARE = 0.5;

/**
 * Who may be asked. By hotkey and secret alone, never by uid; the same inputs give the same sample. Pure.
 *
 * @param lastAsked - Epoch in which each miner was asked last, where that is known. One that registered since then was
 * never asked.
 * @returns undefined: everybody.
 */
export function chooseSample(
  sampling: Sampling,
  context: Omit<EpochContext, "config">,
  lastAsked: ReadonlyMap<Hotkey, number>,
): RecordedSampling | undefined {
  if (sampling.policy === "all") return undefined;
  const { policy, size } = sampling;
  const places = new Map(minersOf(context).map((hotkey) => [hotkey, placeOf(hotkey, context.secret)]));
  const inOrder = [...places.keys()].sort((a, b) => (places.get(a)! < places.get(b)! ? -1 : 1));
  const count = Math.min(inOrder.length, Math.max(1, size < 1 ? Math.ceil(size * inOrder.length) : size));
  const asked = sinceRegistration(context, lastAsked);
  const newcomers = inOrder.filter((hotkey) => !asked.has(hotkey));
  const chosen = new Set(
    policy === "random"
      ? [...newcomers.slice(0, Math.ceil(count * NEWCOMERS_SHARE)), ...inOrder]
      : inOrder.sort((a, b) => (asked.get(a) ?? -1) - (asked.get(b) ?? -1)), // stable: ties stay in random order
  );
  const sampled = new Set([...chosen].slice(0, count));
  return { policy, size, notSampled: inOrder.filter((hotkey) => !sampled.has(hotkey)).sort() };
}

/** Whom a template may ask: everybody but those who are not sampled. */
export function sampled(
  participants: EpochContext["participants"],
  sampling: RecordedSampling | undefined,
): EpochContext["participants"] {
  if (!sampling) return participants;
  const left = new Set(sampling.notSampled);
  return participants.filter(({ hotkey }) => !left.has(hotkey));
}

/** What an epoch learnt before a hotkey registered again is about somebody else's machine. */
function sinceRegistration(
  { participants, epoch, startBlock, tempo }: Omit<EpochContext, "config">,
  lastAsked: ReadonlyMap<Hotkey, number>,
): Map<Hotkey, number> {
  const known = new Map<Hotkey, number>();
  for (const { hotkey, registeredAt } of participants) {
    const last = lastAsked.get(hotkey);
    if (last !== undefined && startBlock - (epoch - last) * tempo >= registeredAt) known.set(hotkey, last);
  }
  return known;
}

function placeOf(hotkey: Hotkey, secret: Uint8Array): string {
  return createHmac("sha256", secret).update(`sample/${hotkey}`).digest("hex");
}
