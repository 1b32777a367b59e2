import { z } from "zod";
import { PRESET_NAMES, PRESETS } from "./presets/presets.ts";
import { maxItems } from "./rows.ts";

/** From sending to the last byte of a commitment. Latency counts against it: slow as this is worth a tenth less. */
export const COMMIT_TIMEOUT_MS = 3_000;

/** The answer is known by then: this is the way there and back. */
export const REVEAL_TIMEOUT_MS = 2_000;

const schema = z.strictObject({
  preset: z
    .enum(PRESET_NAMES, {
      error: ({ input }) => `there is no preset ${input}, use ${PRESET_NAMES.join(" or ")}`,
    })
    .default("classification"),
  /** Questions to each miner in an epoch. */
  rounds: z.int().min(1).max(64).default(4),
  /** Items in a question. Default: what the preset needs to rank miners. */
  items: z.int().min(2).optional(),
  /** Share of the items that everybody gets. The others are drawn for one miner alone. */
  sharedShare: z.number().min(0.05).max(0.95).default(0.3),
  /** Share of its answers that a miner's committed model is run on again; at least one of each miner. 0: none. */
  auditShare: z.number().min(0).max(1).default(0.02),
  /** How far an answer may be from what the committed model says, by how exact its arithmetic is. */
  auditTolerance: z
    .strictObject({
      float32: z.number().min(0).max(1).default(1e-3),
      float16: z.number().min(0).max(1).default(2e-2),
      integer: z.number().min(0).max(1).default(0),
    })
    .prefault({}),
  /** Epochs without pay for whoever answered with another model. */
  timeOutEpochs: z.int().min(0).max(1_000).default(20),
  /** Pay only those whose model is committed to on chain? */
  requireCommitment: z.boolean().default(false),
  /** Miners with one public address are one: "network" also takes a whole /24 (IPv4) or /64 (IPv6) for one. */
  sameAddress: z.enum(["address", "network", "off"]).default("address"),
});

/** The knobs of this subnet. Their defaults are what `subforge dev` runs with. */
export const inferenceConfig = schema
  .superRefine(({ preset, items = 0 }, context) => {
    const most = maxItems(PRESETS[preset]);
    if (items <= most) return;
    context.addIssue({
      code: "custom",
      path: ["items"],
      message: `a question of ${preset} has at most ${most}`,
    });
  })
  .transform(({ items, ...config }) => ({ ...config, items: items ?? PRESETS[config.preset].defaultItems }));

export type InferenceConfig = z.output<typeof inferenceConfig>;
