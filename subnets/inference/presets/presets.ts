import { classification } from "./classification.ts";
import { contractAudit } from "./contract-audit.ts";
import type { Preset } from "./preset.ts";

/** One line each. */
const ALL = { classification, "contract-audit": contractAudit } satisfies Record<string, Preset>;

export type PresetName = keyof typeof ALL;

/** Every kind of question, by name. */
export const PRESETS: Readonly<Record<PresetName, Preset>> = ALL;

export const PRESET_NAMES = Object.keys(ALL) as [PresetName, ...PresetName[]];
