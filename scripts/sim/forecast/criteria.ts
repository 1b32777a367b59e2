import type { Criterion } from "../../../simulator/criterion.ts";
import { clones, clonesPay, pushing, randomForecaster, staleCopier, VICTIM } from "./attackers.ts";
import { chainAgreement } from "./chain-agreement.ts";
import { measureNewcomer, measureRegimeChange } from "./changes.ts";
import { measureLiar } from "./liar.ts";
import {
  againstNaive,
  atMost,
  average,
  below,
  bestError,
  bestPay,
  combinedError,
  lazyShare,
  overSeeds,
  payOf,
  percent,
  playWorlds,
} from "./measures.ts";
import { measureOutlier } from "./outlier.ts";
import { honestForecaster, inferersWith, type Played } from "./world.ts";

/** The table of section 5: the reference scenario, day by day, through the subnet's own arithmetic. */
export const forecastCriteria: readonly Criterion[] = [
  chainAgreement,
  {
    ...{ section: "5", row: "combined against the best single worker", required: "MSE ratio <= 0.6" },
    measure: async () =>
      atMost(
        overSeeds([playWorlds()], (played) => combinedError(played) / bestError(played)),
        0.6,
      ),
  },
  {
    ...{ section: "5", row: "combined against naive", required: "MSE ratio <= 0.75" },
    measure: async () => atMost(overSeeds([playWorlds()], againstNaive), 0.75),
  },
  {
    ...{ section: "5", row: "combined against naive, forecasters answer at random", required: "<= 1.05" },
    measure: async () =>
      atMost(overSeeds([playWorlds({ forecasters: [0, 1].map(randomForecaster) })], againstNaive), 1.05),
  },
  {
    ...{ section: "5", row: "last-value worker", required: "< 1 % of the best inferer" },
    measure: async () => below(lazyShare({}), 0.01),
  },
  {
    ...{ section: "5", row: "stale copier of the best", required: "< 5 % of the best inferer" },
    measure: async () => {
      const worlds = playWorlds({ inferers: inferersWith(staleCopier) });
      return below(
        overSeeds([worlds], (played) => payOf(played, staleCopier.id) / bestPay(played)),
        0.05,
      );
    },
  },
  {
    ...{ section: "5", row: "live copier", required: "equal values are grouped: 0" },
    measure: async () => {
      const worlds = playWorlds({ inferers: inferersWith(...clones(1)) });
      const pay = overSeeds([worlds], (played) => payOf(played, "clone0"));
      return { measured: percent(pay), pass: pay === 0 };
    },
  },
  {
    ...{ section: "5", row: "clones, k = 1, 5, 10" },
    required: "total <= 1.05 x one identity, combined MSE changes <= 1 %",
    measure: async () => {
      const alone = playWorlds();
      const found = [1, 5, 10].map((count) => {
        const worlds = playWorlds({ inferers: inferersWith(...clones(count - 1)) });
        return {
          pay: overSeeds(
            [worlds, alone],
            (played, before) => clonesPay(played, count) / payOf(before, VICTIM),
          ),
          error: overSeeds(
            [worlds, alone],
            (played, before) => combinedError(played) / combinedError(before) - 1,
          ),
        };
      });
      return {
        measured: found.map(({ pay, error }) => `${pay.toFixed(2)} x, MSE ${percent(error)}`).join("; "),
        pass: found.every(({ pay, error }) => pay <= 1.05 && Math.abs(error) <= 0.01),
      };
    },
  },
  {
    ...{ section: "5", row: "outlier: one worker answers 1,000 x scale for 5 epochs" },
    required:
      "outlier-resistant value moves <= 2 x the honest spread; the worker is below the gate within 10 epochs",
    measure: measureOutlier,
  },
  {
    ...{ section: "5", row: "forecaster collusion, 2 of 3 push one inferer" },
    required: "its share rises by <= 20 %; the colluders lose >= 30 % of their own",
    measure: async () => {
      const target = "inferer5";
      const honest = playWorlds({ forecasters: [0, 1, 2].map((at) => honestForecaster(at)) });
      const colluding = playWorlds({
        forecasters: [honestForecaster(0), pushing(1, target), pushing(2, target)],
      });
      const payIn = (worlds: Played[][], id: string) => average(worlds.map((played) => payOf(played, id)));
      const change = (id: string) => payIn(colluding, id) / payIn(honest, id) - 1;
      const [gain, ...losses] = [target, "forecaster1", "forecaster2"].map(change);
      return {
        measured: `target ${percent(gain!)}, colluders ${losses.map(percent).join(", ")}`,
        pass: gain! <= 0.2 && losses.every((loss) => loss <= -0.3),
      };
    },
  },
  ...(["one", "all"] as const).map(
    (whom): Criterion => ({
      ...{ section: "5", row: `lying reputer with 20 % stake, losses of ${whom} shifted by 1` },
      required: "coefficient < 0.1 after 20 epochs; with listened weighting the error < 2 % of the lie",
      measure: () => measureLiar(whom),
    }),
  ),
  {
    ...{ section: "5", row: "regime change" },
    required: "from the tenth epoch after a switch, the combined MSE is within 1.25 x of its steady value",
    measure: measureRegimeChange,
  },
  {
    ...{ section: "5", row: "newcomer better than all" },
    required: ">= 80 % of its steady weight in <= 30 epochs (3 / alpha)",
    measure: measureNewcomer,
  },
];
