import type { Criterion } from "./criterion.ts";
import type { RunRecord } from "./records.ts";
import { parseScenario, type Scenario } from "./scenario.ts";
import { simulate } from "./simulate.ts";

/*
 * Outcomes of the simulator that are known from elsewhere, on both engines where they are cheap. Tolerance: 10 %
 * relative or 0.02 absolute, whichever is larger. The process behind each is stated with it: the numbers were published
 * without one, and these are the readings that reproduce them.
 */

const RELATIVE = 0.1;
const ABSOLUTE = 0.02;

const ENGINES = ["float", "fixed"] as const;
type Engine = Scenario["engine"];

/** Every outcome of section 13 that needs no template. */
export function referenceOutcomes(): Criterion[] {
  return [...cabals(), ...favourites(), ...copiers()];
}

/** A cabal votes only for its dead miner, against five honest validators. */
function cabals(): Criterion[] {
  const rows = [
    { stake: 0.1, incentive: 0 },
    { stake: 0.3, incentive: 0 },
    { stake: 0.49, incentive: 0 },
    { stake: 0.51, incentive: 1 },
  ];
  return rows.map(({ stake, incentive }) => ({
    section: "13",
    row: `cabal with stake ${stake}`,
    required:
      incentive > 0 ? "its dead miner's incentive is 1.0" : "incentive 0 of its dead miner, dividends 0",
    measure: async () => {
      const found = await Promise.all(ENGINES.map((engine) => playCabal(stake, engine)));
      const pass = found.every(
        (each) => isNear(each.incentive, incentive) && (incentive > 0 || isNear(each.dividend, 0)),
      );
      const texts = found.map(
        (each, i) => `${ENGINES[i]}: incentive ${fixed(each.incentive)}, dividends ${fixed(each.dividend)}`,
      );
      return { measured: texts.join("; "), pass };
    },
  }));
}

async function playCabal(stake: number, engine: Engine): Promise<{ incentive: number; dividend: number }> {
  const [record] = await play({
    engine,
    epochs: 20,
    miners: [
      { name: "good", count: 10, skill: { from: 1, to: 0.5 } },
      { name: "dead", count: 1, skill: 0 },
    ],
    validators: [
      { name: "honest", count: 5, stake: 1 - stake },
      { name: "cabal", count: 1, stake, behaviour: "colluder", params: { target: "dead" } },
    ],
  });
  return { incentive: last(record!, "incentive", "dead"), dividend: last(record!, "dividend", "cabal") };
}

/** Error of each weight that honest validators make, relative: what six of them with a stake of 0.6 differ by. */
const FAVOURITE_NOISE = 0.3;
const FAVOURITE_STAKE = 0.4;
/** Of all honest weight. */
const FAIR_SHARE = 0.005;
const FAVOURITE_MINERS = { name: "good", count: 39, skill: { from: 1, to: 0.3 } };

/** A validator with 0.40 of the stake moves a part of its weight to one weak miner. Yuma 2. */
// These settings were found by searching for a reading that reproduces the published table: a fit, no prediction.
function favourites(): Criterion[] {
  const rows = [
    { moved: 0.05, incentive: 1.27, dividend: 1.02 },
    { moved: 0.2, incentive: 1.4, dividend: 0.96 },
    { moved: 0.5, incentive: 1.7, dividend: 0.73 },
  ];
  return rows.map(({ moved, incentive, dividend }) => ({
    section: "13",
    row: `favouritism, ${moved * 100} % moved`,
    required: `target's incentive x ${incentive.toFixed(2)}, own dividend per stake ${dividend.toFixed(2)}`,
    measure: async () => {
      const found = await Promise.all(ENGINES.map((engine) => playFavourite(moved, engine)));
      const pass = found.every(
        (each) => isNear(each.incentive, incentive) && isNear(each.dividend, dividend),
      );
      const texts = found.map(
        (each, i) => `${ENGINES[i]}: x ${fixed(each.incentive)}, ${fixed(each.dividend)} per stake`,
      );
      return { measured: texts.join("; "), pass };
    },
  }));
}

async function playFavourite(
  moved: number,
  engine: Engine,
): Promise<{ incentive: number; dividend: number }> {
  const { count, skill } = FAVOURITE_MINERS;
  const fieldSkill = (count * (skill.from + skill.to)) / 2;
  const noise = FAVOURITE_NOISE;
  const records = await play({
    engine,
    epochs: 80,
    runs: 2,
    config: { alpha: 1 },
    chain: { yuma3: false, commitReveal: false },
    miners: [
      FAVOURITE_MINERS,
      { name: "weak", count: 1, skill: (FAIR_SHARE / (1 - FAIR_SHARE)) * fieldSkill },
    ],
    validators: [
      { name: "honest", count: 6, stake: 1 - FAVOURITE_STAKE, params: { noise } },
      {
        name: "favouring",
        count: 1,
        stake: FAVOURITE_STAKE,
        behaviour: "colluder",
        params: { target: "weak", share: moved, noise },
      },
    ],
  });
  return {
    incentive: meanOf(records, "incentive", "weak", 20) / FAIR_SHARE,
    dividend: meanOf(records, "dividend", "favouring", 20) / FAVOURITE_STAKE,
  };
}

const COPIER_DELAYS = [0, 1, 3, 10];

/**
 * A weight copier among seven validators of equal stake: its dividend relative to an honest one's. Yuma 2.
 *
 * The reading: thirty miners' skills start graded from 0.2 to 1 and take a random step of the given volatility in each
 * epoch, kept within 0..1; pay goes with the fifth power of the skill, without a moving average; honest validators err by
 * 20 % in each weight; a copier repeats the consensus of the epoch before, or of so many earlier. With 20 % error and
 * Yuma 2, all twelve cells are within the tolerance; with less error or a flatter pay, copying a slow field pays less
 * and copying a fast one costs less than published.
 */
// These settings, too, were found by searching for a reading that reproduces the published table.
function copiers(): Criterion[] {
  const rows = [
    { field: "slow", volatility: 0.01, expected: [1.04, 1.03, 1.02, 0.98] },
    { field: "medium", volatility: 0.03, expected: [1, 0.97, 0.92, 0.82] },
    { field: "fast", volatility: 0.06, expected: [0.93, 0.87, 0.8, 0.68] },
  ];
  return rows.map(({ field, volatility, expected }) => ({
    section: "13",
    row: `weight copier, ${field} field (volatility ${volatility})`,
    required: `dividend relative to honest ones at delays ${COPIER_DELAYS.join(" / ")}: ${expected.map(fixed).join(" / ")}`,
    measure: async () => {
      const found: number[] = [];
      for (const delay of COPIER_DELAYS) found.push(await playCopier(volatility, delay));
      return {
        measured: found.map(fixed).join(" / "),
        pass: found.every((value, i) => isNear(value, expected[i]!)),
      };
    },
  }));
}

async function playCopier(volatility: number, delay: number): Promise<number> {
  const records = await play({
    epochs: 120,
    runs: 2,
    config: { alpha: 1, shape: "power", exponent: 5 },
    chain: { yuma3: false, commitReveal: false },
    miners: [{ name: "miners", count: 30, skill: { from: 0.2, to: 1 }, params: { volatility } }],
    validators: [
      { name: "honest", count: 6, stake: 6, params: { noise: 0.2 } },
      { name: "copier", count: 1, stake: 1, behaviour: "copier", params: { delay: delay + 1 } },
    ],
  });
  return meanOf(records, "dividend", "copier", 30) / meanOf(records, "dividend", "honest", 30);
}

async function play(input: object): Promise<RunRecord[]> {
  return (await simulate(parseScenario(input))).runs;
}

/** Mean over the members of a group, the runs and the epochs from `from` on. */
function meanOf(
  records: readonly RunRecord[],
  column: "incentive" | "dividend",
  group: string,
  from: number,
): number {
  let sum = 0;
  let count = 0;
  for (const { neurons, epochs, columns } of records) {
    neurons.forEach((neuron, index) => {
      if (neuron.group !== group) return;
      for (let epoch = from; epoch < epochs; epoch++) {
        sum += columns[column][epoch * neurons.length + index]!;
        count++;
      }
    });
  }
  return sum / count;
}

function last(record: RunRecord, column: "incentive" | "dividend", group: string): number {
  return meanOf([record], column, group, record.epochs - 1);
}

function isNear(value: number, expected: number): boolean {
  return Math.abs(value - expected) <= Math.max(ABSOLUTE, RELATIVE * Math.abs(expected));
}

function fixed(value: number): string {
  return value.toFixed(2);
}
