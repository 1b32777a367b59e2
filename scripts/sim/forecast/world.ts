import { type Noise, noiseFrom } from "../../../simulator/noise.ts";
import { closeEpoch, initialTopic } from "../../../subnets/forecast/maths/close-epoch.ts";
import { lossesOf } from "../../../subnets/forecast/maths/losses.ts";
import { openEpoch } from "../../../subnets/forecast/maths/open-epoch.ts";
import { TOPIC_DEFAULTS, type TopicConfig } from "../../../subnets/forecast/maths/topic-config.ts";
import type { Losses, OpenEpoch, TopicReport } from "../../../subnets/forecast/maths/types.ts";

/*
 * The reference scenario of section 5: an AR(1) target, two regimes, six inferers of which each is good in one of them, a
 * worker that repeats the last value, and two forecasters that see the regime. Attackers join as the criteria want.
 */

/** Of the target: what it keeps from day to day, and the deviation of what comes new. */
const KEEPS = 0.9;
const MOVES = 1.2;
/** Chance of a change of regime in a day. */
const CHANGES = 0.05;
const INFERERS = 6;
/** Deviation of an inferer in its own regime and in the other; each is a little worse than the one before. */
const GOOD = 0.45;
const BAD = 0.9;
const GRADED = 0.1;
/** Deviation of a forecaster's opinion, in log10 losses. */
const FORECAST_NOISE = 0.5;
/** Mean of log10 of a squared standard normal. */
const MEAN_LOG_SQUARE = -0.5516;

/** Reputers do not see quite the same truth. */
const REPUTER_NOISE = 0.01;

/** What a day is like. Nobody but those who make up worlds sees all of it. */
export type Day = {
  epoch: number;
  regime: 0 | 1;
  truth: number;
  lastTruth: number;
  /** What inferers say today, as far as they stand earlier in the world; and what they said yesterday. */
  values: ReadonlyMap<string, number>;
  yesterday: ReadonlyMap<string, number>;
  /** Of the one that is asked. */
  noise: Noise;
};

export type WorldInferer = {
  id: string;
  registeredAt: number;
  /** Undefined: it says nothing today. */
  value(day: Day): number | undefined;
  /** Log10 loss that somebody who sees the regime expects of it. */
  expected(day: Day): number;
};

export type WorldForecaster = {
  id: string;
  registeredAt: number;
  log10Loss(day: Day, of: WorldInferer): number;
};

/** `losses`: what it reports instead of what it saw. */
export type WorldReputer = { id: string; stake: number; losses?(honest: Losses): Losses };

export type World = {
  seed: string;
  epochs?: number;
  config?: Partial<TopicConfig>;
  inferers?: readonly WorldInferer[];
  forecasters?: readonly WorldForecaster[];
  reputers?: readonly WorldReputer[];
  /** Default: changes by chance. */
  regimeAt?(epoch: number): 0 | 1;
};

export type Played = { day: Omit<Day, "noise">; open: OpenEpoch; report: TopicReport };

/** Each is good in one regime; the first is the best in its own. */
export function honestInferer(at: number, better = 1): WorldInferer {
  const deviationIn = (regime: 0 | 1) => ((at % 2 === regime ? GOOD : BAD) + GRADED * (at >> 1)) / better;
  return {
    id: `inferer${at}`,
    registeredAt: at,
    value: ({ truth, regime, noise }) => truth + deviationIn(regime) * noise.normal(),
    expected: ({ regime }) => toLoss(deviationIn(regime)),
  };
}

/** Repeats the last truth. */
export const lazyInferer: WorldInferer = {
  id: "lazy",
  registeredAt: 100,
  value: ({ lastTruth }) => lastTruth,
  expected: () => toLoss(MOVES),
};

/** Log10 loss that a deviation leads to. */
export function toLoss(deviation: number): number {
  return 2 * Math.log10(deviation) + MEAN_LOG_SQUARE;
}

export function honestForecaster(at: number): WorldForecaster {
  return {
    id: `forecaster${at}`,
    registeredAt: 200 + at,
    log10Loss: (day, of) => of.expected(day) + FORECAST_NOISE * day.noise.normal(),
  };
}

/** @param besides - Join the six and the lazy one. */
export function inferersWith(...besides: readonly WorldInferer[]): WorldInferer[] {
  return [...Array.from({ length: INFERERS }, (_, at) => honestInferer(at)), lazyInferer, ...besides];
}

/** Every day from the first on. The same world is played alike, and a new inferer changes nobody else's numbers. */
export function playWorld(world: World): Played[] {
  const {
    seed,
    epochs = 300,
    inferers = inferersWith(),
    forecasters = [honestForecaster(0), honestForecaster(1)],
    reputers = [{ id: "validator", stake: 1 }],
  } = world;
  const config: TopicConfig = { ...TOPIC_DEFAULTS, ...world.config };
  const noises = new Map<string, Noise>();
  /** Each has its own, and a forecaster one for each inferer: who joins changes nothing for the others. */
  const noiseOf = (id: string) => {
    const noise = noises.get(id) ?? noiseFrom(`${seed} ${id}`);
    noises.set(id, noise);
    return noise;
  };
  const nature = noiseOf("nature");
  const played: Played[] = [];
  let topic = initialTopic();
  let regime: 0 | 1 = 0;
  let truth = 0;
  let yesterday = new Map<string, number>();
  for (let epoch = 0; epoch < epochs; epoch++) {
    if (nature.uniform() < CHANGES) regime = regime === 0 ? 1 : 0;
    if (world.regimeAt) regime = world.regimeAt(epoch);
    const lastTruth = truth;
    truth = KEEPS * truth + MOVES * nature.normal();
    const values = new Map<string, number>();
    const today = { epoch, regime, truth, lastTruth, values, yesterday };
    const dayOf = (id: string): Day => ({ ...today, noise: noiseOf(id) });
    for (const inferer of inferers) {
      const value = inferer.value(dayOf(inferer.id));
      if (value !== undefined) values.set(inferer.id, value);
    }
    const present = inferers.filter(({ id }) => values.has(id));
    const opened = openEpoch(
      topic,
      {
        nonce: epoch,
        baseline: epoch > 0 ? lastTruth : null,
        values: present.map(({ id, registeredAt }) => ({ id, registeredAt, value: values.get(id)! })),
        forecasts: forecasters.map(({ id, registeredAt, log10Loss }) => ({
          id,
          registeredAt,
          elements: present.map((of) => ({ id: of.id, log10Loss: log10Loss(dayOf(`${id} ${of.id}`), of) })),
        })),
      },
      config,
    )!;
    const reports = reputers.map(({ id, stake, losses }) => {
      const seen = truth + (reputers.length > 1 ? REPUTER_NOISE * noiseOf(id).normal() : 0);
      const honest = lossesOf(opened.open, seen, config);
      return { id, stake, losses: losses?.(honest) ?? honest };
    });
    const closed = closeEpoch(opened.topic, { open: opened.open, truth, reports }, config);
    topic = closed.topic;
    played.push({ day: today, open: opened.open, report: closed.report });
    yesterday = values;
  }
  return played;
}
