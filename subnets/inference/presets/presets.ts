import { anomaly } from "./anomaly.ts";
import { classification } from "./classification.ts";
import { contractAudit } from "./contract-audit.ts";
import type { Preset } from "./preset.ts";
import { recommend } from "./recommend.ts";

/** One line each. */
const ALL = {
  classification,
  anomaly,
  recommend,
  "contract-audit": contractAudit,
} satisfies Record<string, Preset>;

export type PresetName = keyof typeof ALL;

/** Every kind of question, by name. */
export const PRESETS: Readonly<Record<PresetName, Preset>> = ALL;

export const PRESET_NAMES = Object.keys(ALL) as [PresetName, ...PresetName[]];
