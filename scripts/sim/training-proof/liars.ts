import type { ValidatorGroup } from "../../../simulator/scenario.ts";
import { FORGERIES } from "../../../subnets/training-proof/forgeries.ts";
import { FORGER, incomesWith, VICTIM } from "./in-simulator.ts";

const STAKE = 0.4;

/** Two verifiers that lie: one accepts a forger whatever it shows, the other rejects a solver that was honest. */
export async function measureLiars(): Promise<{ measured: string; pass: boolean }> {
  const honest = (stake: number): ValidatorGroup => ({
    ...{ name: "validators", count: 3, stake, behaviour: "honest" },
  });
  const liar = (behaviour: "colluder" | "censor", target: string): ValidatorGroup => ({
    ...{ name: behaviour, count: 1, stake: STAKE / 2, behaviour, params: { target } },
  });
  const play = (validators: ValidatorGroup[]) =>
    incomesWith(() => FORGERIES.d(0.5), {
      ...{ epochs: 6, seed: "liars", config: { intervals: 20, audits: 8 } },
      validators,
    });
  const told = await play([honest(1)]);
  const lied = await play([honest(1 - STAKE), liar("colluder", FORGER), liar("censor", VICTIM)]);
  const kept = lied.victim / told.victim;
  const gained = lied.forger / lied.honest;
  return {
    measured: `forger ${(100 * gained).toFixed(1)} % of an honest solver, rejected solver ${(100 * kept).toFixed(1)} % of its pay`,
    pass: gained < 0.01 && kept >= 1 - STAKE / 2,
  };
}
