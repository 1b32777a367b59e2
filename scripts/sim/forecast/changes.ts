import { atMost, average, errorOf, overSeeds, payOf, percent, playWorlds } from "./measures.ts";
import { honestInferer, inferersWith, type Played, type WorldInferer } from "./world.ts";

/** Epochs from one switch of the regime to the next, and until the combined value must have found it. */
const REGIME = 50;
const FOUND = 10;

/** The regime switches again and again: the combined error from the tenth day after a switch over the steady one. */
export async function measureRegimeChange(): Promise<{ measured: string; pass: boolean }> {
  const worlds = playWorlds({
    epochs: 800,
    regimeAt: (epoch) => (Math.floor(epoch / REGIME) % 2 === 1 ? 1 : 0),
  });
  const errorIn = (from: number, until: number) => (played: readonly Played[]) =>
    errorOf(played, ({ day, open }) => {
      const since = day.epoch % REGIME;
      return since >= from && since < until ? open.combined : undefined;
    });
  const found = overSeeds([worlds], errorIn(FOUND, 2 * FOUND));
  const steady = overSeeds([worlds], errorIn(2 * FOUND, REGIME));
  return atMost(found / steady, 1.25);
}

const JOINS = 150;
/** 3 / alpha. */
const WAITS = 30;
/** Of its values; the best of the others has three times that. */
const DEVIATION = 0.15;

/** Somebody better than all joins: its pay in the last days of its first thirty, over what it gets in the long run. */
export async function measureNewcomer(): Promise<{ measured: string; pass: boolean }> {
  const newcomer: WorldInferer = {
    id: "newcomer",
    registeredAt: 400,
    value: ({ epoch, truth, noise }) => (epoch < JOINS ? undefined : truth + DEVIATION * noise.normal()),
    expected: honestInferer(0, 3).expected,
  };
  const worlds = playWorlds({ epochs: 400, inferers: inferersWith(newcomer) });
  const weight = (from: number, until: number) =>
    average(worlds.map((played) => payOf(played, newcomer.id, JOINS + from, JOINS + until)));
  const share = weight(WAITS - 5, WAITS) / weight(100, 250);
  return { measured: percent(share), pass: share >= 0.8 };
}
