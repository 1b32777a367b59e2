import { spearman } from "../../shared/rules/spearman.ts";
import type { SubnetTemplate } from "../../shared/template.ts";
import { HONEST_GROUP, honestField, withAttack } from "../attack-scenario.ts";
import type { Criterion } from "../criterion.ts";
import type { MinerGroup, Scenario } from "../scenario.ts";
import { attackers, bestOf, earnedIn, rawScoresIn, sumOf } from "./cumulative-incentive.ts";
import { gainOfLeak } from "./leaked-pool.ts";

const EPOCHS = 20;

/** What the table of the section says, as 12 honest miners of graded skill meet it, with their models imitated. */
export function inferenceCriteria(template: SubnetTemplate): Criterion[] {
  const field = (seed: string, config: unknown = {}): Scenario => ({
    ...honestField({ template: template.id, config, epochs: EPOCHS, runs: 1, seed, engine: "float" }),
    validators: [{ name: "validators", count: 3, stake: 1, behaviour: "honest" }],
  });
  const play = (seed: string, miners: readonly MinerGroup[], config?: unknown) =>
    earnedIn(
      withAttack(field(seed, config), { name: "attack", describe: "of the criterion", miners }),
      template,
    );
  /** The pay of one attacker over that of the best honest miner. */
  const shareOf = async (behaviour: string, seed: string, params?: Record<string, number>) => {
    const earned = await play(seed, [attackers(behaviour, params && { params })]);
    return bestOf(earned, behaviour) / bestOf(earned, HONEST_GROUP);
  };

  const lessThan = (
    row: string,
    limit: number,
    measure: () => Promise<number[]>,
    nightly = false,
  ): Criterion => ({
    ...{ section: "3", row, nightly },
    required: `< ${percent(limit)} of the best honest miner`,
    async measure() {
      const shares = await measure();
      return { measured: shares.map(percent).join(", "), pass: shares.every((share) => share < limit) };
    },
  });

  return [
    {
      ...{ section: "3", row: "rank correlation", required: ">= 0.95 over 20 epochs" },
      async measure() {
        const honest = (await play("ranks", [])).filter(({ group }) => group === HONEST_GROUP);
        const ranks = spearman(
          honest.map(({ incentive }) => incentive),
          honest.map(({ quality }) => quality!),
        );
        return { measured: ranks.toFixed(3), pass: ranks >= 0.95 };
      },
    },
    lessThan("copycat, noise 0, 0.1 and 0.3 in log-probability", 0.05, () =>
      inTurn([0, 0.1, 0.3], (noise) => shareOf("copycat", "copycat", { noise })),
    ),
    lessThan(
      "copycat that tunes its noise, ten levels",
      0.1,
      () =>
        inTurn([0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.1, 1.5, 2], (noise) =>
          shareOf("tuned-copycat", "tuned", { noise }),
        ),
      true,
    ),
    lessThan("lazy: the prior, random, the first class", 0.01, () =>
      inTurn(["lazy", "random", "majority-class"], (name) => shareOf(name, "lazy")),
    ),
    {
      ...{ section: "3", row: "replay of earlier answers", required: "0" },
      async measure() {
        const share = await shareOf("replay", "replay");
        return { measured: percent(share), pass: share === 0 };
      },
    },
    {
      ...{ section: "3", row: "relay to another miner", required: "0 accepted in 1,000 tries" },
      async measure() {
        // 12 relays, 4 questions in each of 21 epochs.
        const scenario = withAttack(
          { ...field("relay"), epochs: 21 },
          { name: "relay", describe: "of the criterion", miners: [attackers("relay", { count: 12 })] },
        );
        const scores = (await rawScoresIn(scenario, template, "relay")).flat();
        const accepted = scores.filter((score) => score > 0).length;
        return { measured: `${accepted} of ${scores.length * 4} paid`, pass: accepted === 0 };
      },
    },
    {
      ...{ section: "3", row: "sybil: five clones of one model", required: "together <= 1.1 x one" },
      async measure() {
        const of = { behaviour: "honest", skill: 0.85, count: 1 };
        const first: MinerGroup = { ...of, name: "first" };
        const clones: MinerGroup = { ...of, name: "clones", count: 4, model: { of: "first" } };
        const alone = sumOf(await play("sybil", [first]), "first");
        const together = await play("sybil", [first, clones]);
        const ratio = (sumOf(together, "first") + sumOf(together, "clones")) / alone;
        return { measured: `${ratio.toFixed(2)} x`, pass: ratio <= 1.1 };
      },
    },
    {
      ...{ section: "3", row: "precomputed: earlier questions by heart", required: "gain <= 0.02" },
      async measure() {
        const { gain, known } = await gainOfLeak(template);
        const measured = `gain ${gain.toFixed(3)}, ${known} items came again (imitated models)`;
        return { measured, pass: gain <= 0.02 };
      },
    },
    {
      ...{ section: "3", row: "cheap substitute on 10 % of 4,000 answers", nightly: true },
      required: "found out with probability >= 0.99",
      async measure() {
        // 4 questions of 64 items in an epoch; an epoch's answers are looked at in the next one.
        const epochs = Math.ceil(4_000 / (4 * 64)) + 1;
        const count = 100;
        const miners = [attackers("substitute", { count, params: { share: 0.1 } })];
        const scenario = withAttack(
          { ...field("substitute"), epochs },
          { name: "substitute", describe: "of the criterion", miners },
        );
        const scores = await rawScoresIn(scenario, template, "substitute");
        const found = scores.filter((of) => of.at(-1) === 0).length;
        return { measured: `${found} of ${count} found out`, pass: found >= 0.99 * count };
      },
    },
  ];
}

/** One after the other: they share a machine. */
async function inTurn<Value>(values: readonly Value[], measure: (value: Value) => Promise<number>) {
  const shares: number[] = [];
  for (const value of values) shares.push(await measure(value));
  return shares;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
