import { noiseFrom } from "../../simulator/noise.ts";
import { openEpoch } from "../../subnets/forecast/maths/open-epoch.ts";
import { TOPIC_DEFAULTS } from "../../subnets/forecast/maths/topic-config.ts";
import type { OpenEpoch, Reveals, TopicState, Worker } from "../../subnets/forecast/maths/types.ts";
import { type BenchCase, compareCosts, type Round } from "./bench-case.ts";
import { cpuMsOf } from "./cpu-time.ts";
import { findNumpy, runNumpy } from "./numpy-peer.ts";

/** What the chain has room for in a topic. */
const INFERERS = 32;
const FORECASTERS = 6;
/** Different nonces that take turns. */
const WORLDS = 8;
const ROUNDS = 5;
const EPOCHS = 4_000;
const NUMPY_EPOCHS = 200;
const TOLERANCE = 1e-9;
const REQUIRED = 20;

type World = { topic: TopicState; reveals: Reveals };

const VARIANTS = [
  "combined",
  "naive",
  "oneOutInferer",
  "oneOutForecaster",
  "oneIn",
  "outlierResistant",
  "band",
] as const;
type Found = Pick<OpenEpoch, (typeof VARIANTS)[number]>;

/** One nonce of a topic, from what was revealed to every variant of the combined value, against the same in numpy. */
export async function benchSynthesis(): Promise<{ cases: BenchCase[]; report: string[] }> {
  const python = await findNumpy();
  if ("absent" in python)
    return { cases: [], report: [`Synthesis was not compared with numpy: ${python.absent}.`] };
  const worlds = Array.from({ length: WORLDS }, (_, i) => drawWorld(`synthesis ${i}`));
  const ours = worlds.map(openOf);
  const rounds: Round[] = [];
  openMany(worlds, EPOCHS); // the compiler needs some to see what is hot
  for (let round = 0; round < ROUNDS; round++) {
    const cpuMs = openMany(worlds, EPOCHS);
    const peer = await runNumpy<{ cpuMs: number; found: Found[] }>(python.path, "forecast-numpy.py", [], {
      epochs: NUMPY_EPOCHS,
      worlds: worlds.map(toPlain),
    });
    ours.forEach((found, i) => {
      assertSame(found, peer.found[i]!);
    });
    rounds.push({ ours: cpuMs, peer: peer.cpuMs });
  }
  const name = `synthesis of ${INFERERS} inferers and ${FORECASTERS} forecasters, against numpy`;
  return { cases: [compareCosts(name, "ms CPU", REQUIRED, rounds)], report: [] };
}

function openOf({ topic, reveals }: World): OpenEpoch {
  return openEpoch(topic, reveals, TOPIC_DEFAULTS)!.open;
}

/** @returns CPU time of one. */
function openMany(worlds: readonly World[], epochs: number): number {
  const spent = cpuMsOf(() => {
    for (let epoch = 0; epoch < epochs; epoch++) openOf(worlds[epoch % WORLDS]!);
  });
  return spent / epochs;
}

function assertSame(ours: Found, peer: Found): void {
  for (const variant of VARIANTS) {
    const [mine, theirs] = [[ours[variant]].flat(), [peer[variant]].flat()];
    const isSame =
      mine.length === theirs.length && mine.every((value, i) => Math.abs(value - theirs[i]!) <= TOLERANCE);
    if (!isSame) throw new Error(`the two disagree about ${variant}`);
  }
}

/** A topic in its middle age: everybody has regrets, one inferer is an outlier today. */
function drawWorld(label: string): World {
  const noise = noiseFrom(label);
  const ids = (count: number, name: string) =>
    Array.from({ length: count }, (_, i) => `${name}${String(i).padStart(2, "0")}`);
  const inferers = ids(INFERERS, "inferer");
  const forecasters = ids(FORECASTERS, "forecaster");
  const regret = () => -1 + 0.7 * noise.normal();
  const row = (length: number) => Array.from({ length }, regret);
  const worker = (id: string): Worker => ({
    ...{ id, registeredAt: 0, seen: 100, lastNonce: 0, weight: 0.1, scores: [], scoreAverage: 0, skill: [] },
    ...{ share: 0, regret: regret(), naiveRegret: regret(), selfRegret: regret() },
  });
  return {
    topic: {
      closed: 100,
      inferers: inferers.map(worker),
      forecasters: forecasters.map(worker),
      oneOutRegrets: Array.from({ length: INFERERS + FORECASTERS }, () => row(INFERERS + FORECASTERS)),
      oneInRegrets: Array.from({ length: FORECASTERS }, () => row(INFERERS)),
      networkLoss: -3,
      initialRegret: -2,
      median: 0,
      mad: 0.5,
      scoreRatio: 0.5,
      truth: { nonce: 0, value: 0 },
      reputers: [],
    },
    reveals: {
      nonce: 1,
      baseline: 0,
      values: inferers.map((id, i) => ({ id, registeredAt: i, value: i === 5 ? 1_000 : noise.normal() })),
      forecasts: forecasters.map((id, k) => ({
        id,
        registeredAt: k,
        elements: Array.from({ length: TOPIC_DEFAULTS.maxForecastElements }, (_, e) => ({
          id: inferers[(k * 5 + e) % INFERERS]!,
          log10Loss: -3 + noise.normal(),
        })),
      })),
    },
  };
}

/** As the peer wants it: everybody is known and nobody is twice there. */
function toPlain({ topic, reveals }: World): object {
  const at = new Map(reveals.values.map(({ id }, i) => [id, i]));
  return {
    values: reveals.values.map(({ value }) => value),
    forecasts: reveals.forecasts.map(({ elements }) => {
      const sorted = elements.toSorted((a, b) => at.get(a.id)! - at.get(b.id)!);
      return [sorted.map(({ id }) => at.get(id)!), sorted.map(({ log10Loss }) => log10Loss)];
    }),
    regrets: [...topic.inferers, ...topic.forecasters].map(({ regret }) => regret),
    naiveRegrets: topic.inferers.map(({ naiveRegret }) => naiveRegret),
    oneOutRegrets: topic.oneOutRegrets,
    oneInRegrets: topic.oneInRegrets.map((row, k) => [...row, topic.forecasters[k]!.selfRegret]),
    networkLoss: topic.networkLoss,
    lastMedian: topic.median,
    mad: topic.mad,
  };
}
