import type { Criterion } from "../../../simulator/criterion.ts";
import { clones, clonesPay, VICTIM } from "./attackers.ts";
import { lazyShare, overSeeds, payOf, percent, playWorlds } from "./measures.ts";
import { inferersWith } from "./world.ts";

const PLAIN = { config: { rewardMap: "plain" } } as const;

// The scenario's deviations were found by searching for a reading that reproduces the published numbers.
/** Section 13: what plain Allora pays, and what is left of it with F18 to F20. */
export const forecastReferences: readonly Criterion[] = [
  {
    ...{ section: "13", row: "forecast, last-value worker" },
    required: "57 % of the best by the plain Allora map, 0 % with F18 to F20",
    measure: async () => {
      const [plain, gated] = [lazyShare(PLAIN), lazyShare({})];
      return {
        measured: `${percent(plain)}, ${percent(gated)}`,
        pass: isNear(plain, 0.57) && isNear(gated, 0),
      };
    },
  },
  {
    ...{ section: "13", row: "forecast, five clones" },
    required: "2.1 x one identity by the plain Allora map, 1.0 x with F18 to F20",
    measure: async () => {
      const [plain, gated] = [PLAIN, {}].map((world) =>
        overSeeds(
          [playWorlds({ ...world, inferers: inferersWith(...clones(4)) }), playWorlds(world)],
          (played, before) => clonesPay(played, 5) / payOf(before, VICTIM),
        ),
      );
      return {
        measured: `${plain!.toFixed(2)} x, ${gated!.toFixed(2)} x`,
        pass: isNear(plain!, 2.1) && isNear(gated!, 1),
      };
    },
  },
];

/** Tolerance of section 13. */
function isNear(value: number, expected: number): boolean {
  return Math.abs(value - expected) <= Math.max(0.02, 0.1 * expected);
}
