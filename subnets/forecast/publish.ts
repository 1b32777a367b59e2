import type { PublishedResult } from "../../shared/template.ts";
import type { Nonce } from "./nonce.ts";

/** What consumers read of the newest nonce, by topic; of several labels each has a topic of its own. */
export function toResults(topic: string, { nonce, opens }: Nonce): Record<string, PublishedResult> {
  return Object.fromEntries(
    opens.map((open, label) => {
      const { combined, outlierResistant, naive, band } = open;
      const members = [...open.inferers, ...open.forecasters];
      const shares = [...open.infererWeights, ...open.forecasterWeights];
      const weights: { [hotkey: string]: number } = {};
      members.forEach(({ id }, at) => {
        weights[id] = (weights[id] ?? 0) + shares[at]!;
      });
      const [least, low, , high, most] = band;
      return [
        opens.length === 1 ? topic : `${topic}-${label}`,
        {
          ...{ nonce, value: combined, ci: [least, low, high, most] as const },
          facts: { combined, outlierResistant, naive, band, weights },
        },
      ];
    }),
  );
}
