import { z } from "zod";

/** From sending to the last byte. Latency counts against it: slow as this is worth a tenth less. */
export const TIMEOUT_MS = 4_000;

const PRESETS = ["classification"] as const;

/** The knobs of this subnet. Their defaults are what `subforge dev` runs with. */
export const inferenceConfig = z.strictObject({
  preset: z
    .enum(PRESETS, { error: ({ input }) => `there is no preset ${input}, use ${PRESETS.join(" or ")}` })
    .default("classification"),
  /** Questions to each miner in an epoch. */
  rounds: z.int().min(1).max(64).default(4),
  /** Images in a question. */
  items: z.int().min(2).max(1_024).default(64),
  /** Share of the images that everybody gets. The others are drawn for one miner alone. */
  sharedShare: z.number().min(0.05).max(0.95).default(0.3),
});

export type InferenceConfig = z.output<typeof inferenceConfig>;
