import { createHash } from "node:crypto";
import { type Random, randomFrom } from "../../shared/rules/beacon.ts";

/** What goes wrong, and for how long each of them may: milliseconds, chosen among these. */
export const AFFLICTIONS = {
  "chain-cut": [2_000, 4_000, 8_000],
  "chain-half-open": [3_000, 6_000],
  "chain-slow": [3_000, 6_000],
  "chain-loses-answers": [4_000],
  "chain-reorg": [1_000],
  "pool-refuses-1014": [1_500, 4_000],
  "finality-stalls": [4_000, 8_000],
  "redis-killed": [5_000, 5_000, 20_000, 60_000],
  "redis-frozen": [3_000, 8_000],
  "redis-flushed": [0],
  "redis-full": [3_000, 6_000],
  "redis-read-only": [3_000, 6_000],
  "redis-clients-killed": [0],
  "miners-silent": [4_000, 8_000],
  "miners-dripping": [4_000, 8_000],
  "miners-lying": [6_000],
  "miners-half-gone": [4_000, 8_000],
  "planner-killed": [0],
  "planner-stopped": [2_000, 6_000],
  "worker-killed": [0],
  "worker-stopped": [2_000, 6_000],
  "clock-stepped": [2_000, 8_000],
  "disk-full": [2_000, 5_000],
} as const satisfies Record<string, readonly number[]>;

export type Affliction = keyof typeof AFFLICTIONS;

/** One fault of a run: when it strikes after the first verified vector, and when it is lifted. Milliseconds. */
export type Strike = { kind: Affliction; atMs: number; forMs: number };

export type Schedule = { seed: string; strikes: Strike[]; lengthMs: number };

export const AFFLICTION_KINDS = Object.keys(AFFLICTIONS) as Affliction[];

/** Share of epochs in which nothing new goes wrong: what is broken has to be seen recovering. */
const QUIET = 0.25;

/**
 * Random faults, the same for the same seed: about one in each epoch. Several may hold at once, but never two of one kind.
 *
 * @param seed - Of the whole run, and the number of the schedule in it: `7/3`.
 * @param kinds - Chosen among these.
 */
export function createSchedule(
  seed: string,
  epochs: number,
  epochMs: number,
  kinds: readonly Affliction[] = AFFLICTION_KINDS,
): Schedule {
  const random = randomFrom(createHash("sha256").update(`nemesis ${seed}`).digest());
  const strikes: Strike[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    if (random.uniform() < QUIET) continue;
    const strike = draw(random, Math.round((epoch + random.uniform()) * epochMs), kinds);
    const isHeld = strikes.some(
      ({ kind, atMs, forMs }) => kind === strike.kind && atMs + forMs >= strike.atMs,
    );
    if (!isHeld) strikes.push(strike);
  }
  return { seed, strikes, lengthMs: epochs * epochMs };
}

/** Each kind that can be recovered from, alone, with quiet epochs behind it. Of what they strike, one schedule each. */
export function recoverySchedules(epochMs: number): Schedule[] {
  return ["redis", "chain", "planner|worker"].map((areas) => {
    const struck = new RegExp(`^(${areas})-`);
    let atMs = epochMs / 2;
    const strikes = AFFLICTION_KINDS.filter((kind) => struck.test(kind)).map((kind): Strike => {
      const strike = { kind, atMs, forMs: AFFLICTIONS[kind].at(-1)! };
      atMs += strike.forMs + 3 * epochMs;
      return strike;
    });
    return { seed: `recovery-${areas.replace("|", "-")}`, strikes, lengthMs: atMs };
  });
}

function draw(random: Random, atMs: number, kinds: readonly Affliction[]): Strike {
  const kind = kinds[random.below(kinds.length)]!;
  const lengths: readonly number[] = AFFLICTIONS[kind];
  return { kind, atMs, forMs: lengths[random.below(lengths.length)]! };
}

/** As the run prints it: `chain-cut at 12.3 s for 4 s`. */
export function toText({ kind, atMs, forMs }: Strike): string {
  return `${kind} at ${(atMs / 1000).toFixed(1)} s${forMs > 0 ? ` for ${forMs / 1000} s` : ""}`;
}
