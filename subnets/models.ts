import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { z } from "zod";
import { SubforgeError } from "../shared/errors.ts";
import { packageRoot } from "../shared/process-entry.ts";

const MAX_MODELS = 256;

const modelCard = z.strictObject({
  /** Unique within the subnet. */
  name: z.string(),
  /** File name inside `subnets/<subnet>/models`. */
  file: z.string().regex(/^[a-z0-9-]+\.onnx$/),
  /** Of the file, lower-case hexadecimal. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** What the subnet's own score says of it on questions it never saw, 0..1. */
  quality: z.number().min(0).max(1),
  /** Share of right answers on the same questions, 0..1, or what `metric` says. */
  accuracy: z.number().min(0).max(1),
  /** What `accuracy` is, where it is not the share of right answers. */
  metric: z.string().optional(),
  /** What it answers, in a subnet that asks several kinds of questions. */
  preset: z.string().optional(),
  /** What it works as, in a subnet where miners do several kinds of work side by side. */
  role: z.string().optional(),
  /** SHA-256 of what was drawn from a fixed seed when the model was trained: another one, and it learned from others. */
  data: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  licence: z.string().optional(),
  /** How it was made, in one sentence. */
  how: z.string(),
});

/** Of a folder of one's own: who changes a model by hand says no more than its name, file and quality. */
const ownCard = modelCard.extend({
  sha256: modelCard.shape.sha256.optional(),
  accuracy: modelCard.shape.accuracy.optional(),
  how: modelCard.shape.how.optional(),
});

/** A model that comes with a subnet. */
export type ModelCard = z.output<typeof modelCard>;

/** Best first, as in `models.json`. `path` is absolute and its bytes are those of the card. */
export type Model = ModelCard & { path: string };

/**
 * Models of one kind of question.
 *
 * @param subnet - Name of one that ships with subforge, or the absolute path of a folder with `models/` in it. Such a
 * folder may have no models at all.
 * @param preset - Default: that of the first model in `models.json`. "all": of every kind. A card without one fits any.
 * @throws SubforgeError MODEL_DAMAGED when a file is missing or is not the one that was measured
 */
export async function listModels(subnet: string, preset?: string): Promise<Model[]> {
  const isOwn = isAbsolute(subnet);
  const folder = isOwn ? join(subnet, "models") : join(packageRoot(), "subnets", subnet, "models");
  const list = join(folder, "models.json");
  if (isOwn && !existsSync(list)) return [];
  const all = parseCards(list, await readFile(list, "utf8"), isOwn ? ownCard : modelCard);
  const wanted = preset ?? all[0]?.preset;
  const cards = all.filter((card) => preset === "all" || [undefined, wanted].includes(card.preset));
  return Promise.all(
    cards.map(async (card) => {
      const path = join(folder, card.file);
      const bytes = await readFile(path).catch(() => undefined);
      if (!bytes) throw new SubforgeError("MODEL_DAMAGED", { path, problem: "it is missing" });
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      if (card.sha256 !== undefined && sha256 !== card.sha256) {
        throw new SubforgeError("MODEL_DAMAGED", { path, problem: "its bytes are not those of models.json" });
      }
      return { accuracy: card.quality, how: "made by hand", ...card, sha256, path };
    }),
  );
}

/** @throws SubforgeError MODEL_DAMAGED */
function parseCards(path: string, text: string, schema: typeof ownCard | typeof modelCard) {
  try {
    return z.array(schema).max(MAX_MODELS).parse(JSON.parse(text));
  } catch (error) {
    const problem =
      error instanceof z.ZodError ? z.prettifyError(error).replaceAll("\n", " ") : String(error);
    throw new SubforgeError("MODEL_DAMAGED", { path, problem });
  }
}
