import { childSeed, randomFrom } from "../../shared/rules/beacon.ts";
import { PEER_FEATURES, type PeerFacts, peerFeatures, toZ, WINDOW } from "../../subnets/forecast/features.ts";
import { drawSeries } from "../../subnets/forecast/generator.ts";
import { closeEpoch, initialTopic } from "../../subnets/forecast/maths/close-epoch.ts";
import { lossesOf } from "../../subnets/forecast/maths/losses.ts";
import { openEpoch } from "../../subnets/forecast/maths/open-epoch.ts";
import { movingAverage } from "../../subnets/forecast/maths/statistics.ts";
import { TOPIC_DEFAULTS } from "../../subnets/forecast/maths/topic-config.ts";
import type { OpenEpoch, TopicState } from "../../subnets/forecast/maths/types.ts";

const CONFIG = TOPIC_DEFAULTS;
const STAKE = 1;
/** Nonces before anything counts: newcomers have no history. */
const WARM_UP = 40;
const LOSSES_KEPT = 8;
/** Deviation of a made-up inferer in the regime it knows and in the other. */
const KNOWS = { from: 0.25, to: 0.6 };
const KNOWS_NOT = { from: 0.8, to: 1.4 };

/** Says a value of what comes, from what is known. */
export type Teller = { name: string; say(series: readonly number[]): number };

/** z-scores of peers from what is seen of them; null: no forecaster takes part. */
export type PeerSayer = ((seen: Float32Array) => readonly number[]) | null;

/** One nonce of a training topic: what a forecaster saw, and what came. */
export type TopicNonce = {
  seen: Float32Array;
  /** Log10 loss of the combined value minus each peer's own. */
  regrets: number[];
  combinedError: number;
  naiveError: number;
};

/**
 * A topic of the subnet's own arithmetic over a series of its generator. The tellers take part, and made-up inferers that
 * each know one regime.
 */
export function playTopic(
  seed: Uint8Array,
  nonces: number,
  tellers: readonly Teller[],
  sayer: PeerSayer,
): TopicNonce[] {
  const points = drawSeries(childSeed(seed, "series"), WINDOW + nonces);
  const random = randomFrom(childSeed(seed, "made up"));
  const between = ({ from, to }: typeof KNOWS) => from + (to - from) * random.uniform();
  const madeUp = [0, 1, 0, 1].map((regime) => ({ regime, knows: between(KNOWS), not: between(KNOWS_NOT) }));
  const facts = new Map<string, PeerFacts>();
  const played: TopicNonce[] = [];
  let topic = initialTopic();
  for (let nonce = 0; nonce < nonces; nonce++) {
    const series = points.slice(0, WINDOW + nonce).map(({ value }) => value);
    const { value: truth, regime } = points[WINDOW + nonce]!;
    const values = [
      ...tellers.map(({ name, say }) => ({ id: name, value: say(series) })),
      ...madeUp.map(({ regime: own, knows, not }, at) => ({
        id: `made-up-${at}`,
        value: truth + (own === regime ? knows : not) * random.normal(),
      })),
    ].sort((a, b) => (a.id < b.id ? -1 : 1));
    const peers = values.map(({ id }) => factsOf(topic, facts, id));
    const seen = peerFeatures(peers, series, topic.networkLoss).data;
    const opened = openEpoch(
      topic,
      {
        nonce,
        baseline: series.at(-1)!,
        values: values.map((value, at) => ({ ...value, registeredAt: at })),
        forecasts: sayer
          ? [{ id: "forecaster", registeredAt: 99, elements: toElements(values, peers, sayer(seen)) }]
          : [],
      },
      CONFIG,
    )!;
    const losses = lossesOf(opened.open, truth, CONFIG);
    const reports = [{ id: "validator", stake: STAKE, losses }];
    topic = closeEpoch(opened.topic, { open: opened.open, truth, reports }, CONFIG).topic;
    recordFacts(facts, topic, opened.open, losses.inferers);
    if (nonce < WARM_UP || opened.open.inferers.length < values.length) continue; // two said the same: rows would not match
    played.push({
      seen,
      regrets: losses.inferers.map((loss) => losses.naive - loss),
      combinedError: (opened.open.combined - truth) ** 2,
      naiveError: (opened.open.naive - truth) ** 2,
    });
  }
  return played;
}

/** As the subnet turns z-scores into the losses it expects: the mean and deviation of the peers' own averages. */
function toElements(
  values: readonly { id: string }[],
  peers: readonly PeerFacts[],
  rz: readonly number[],
): { id: string; log10Loss: number }[] {
  const averages = peers.map(({ averageLoss }) => averageLoss ?? 0);
  const mean = averages.reduce((sum, loss) => sum + loss, 0) / averages.length;
  const squares = averages.reduce((sum, loss) => sum + (loss - mean) ** 2, 0);
  const unit = Math.sqrt(squares / Math.max(1, averages.length - 1));
  return values
    .map(({ id }, at) => ({ id, log10Loss: mean - unit * rz[at]! }))
    .slice(0, CONFIG.maxForecastElements);
}

function factsOf(topic: TopicState, facts: ReadonlyMap<string, PeerFacts>, id: string): PeerFacts {
  const known = facts.get(id) ?? { losses: [], averageLoss: null, regret: null, seen: 0, deviation: 0 };
  return { ...known, regret: topic.inferers.find((worker) => worker.id === id)?.regret ?? null };
}

function recordFacts(
  facts: Map<string, PeerFacts>,
  { median, mad }: TopicState,
  open: OpenEpoch,
  losses: readonly number[],
): void {
  open.inferers.forEach(({ id, value }, at) => {
    const before = facts.get(id);
    const known = [...(before?.losses ?? []), losses[at]!].slice(-LOSSES_KEPT);
    facts.set(id, {
      losses: known,
      averageLoss: movingAverage(CONFIG.alphaRegret, losses[at]!, before?.averageLoss ?? null),
      regret: null,
      seen: (before?.seen ?? 0) + 1,
      deviation: median !== null && mad ? (value - median) / mad : 0,
    });
  });
}

/** Columns to learn from. */
export function toPeerRows(topics: readonly TopicNonce[][]) {
  const nonces = topics.flat();
  const seen = new Float32Array(nonces.reduce((sum, nonce) => sum + nonce.seen.length, 0));
  let at = 0;
  for (const nonce of nonces) {
    seen.set(nonce.seen, at);
    at += nonce.seen.length;
  }
  return {
    seen,
    features: PEER_FEATURES,
    regret: Float64Array.from(nonces.flatMap(({ regrets }) => regrets)),
    z: Float64Array.from(nonces.flatMap(({ regrets }) => toZ(regrets))),
  };
}
