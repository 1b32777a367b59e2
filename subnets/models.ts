import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { SubforgeError } from "../shared/errors.ts";
import { packageRoot } from "../shared/process-entry.ts";

const modelCard = z.strictObject({
  /** Unique within the subnet. */
  name: z.string(),
  /** File name inside `subnets/<subnet>/models`. */
  file: z.string().regex(/^[a-z0-9-]+\.onnx$/),
  /** Of the file, lower-case hexadecimal. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** What the subnet's own score says of it on questions it never saw, 0..1. */
  quality: z.number().min(0).max(1),
  /** Share of right answers on the same questions, 0..1. */
  accuracy: z.number().min(0).max(1),
  /** How it was made, in one sentence. */
  how: z.string(),
});

/** A model that comes with a subnet. */
export type ModelCard = z.output<typeof modelCard>;

/** Best first, as in `models.json`. `path` is absolute and its bytes are those of the card. */
export type Model = ModelCard & { path: string };

/** @throws SubforgeError MODEL_DAMAGED when a file is missing or is not the one that was measured */
export async function listModels(subnet: string): Promise<Model[]> {
  const folder = join(packageRoot(), "subnets", subnet, "models");
  const cards = z.array(modelCard).parse(JSON.parse(await readFile(join(folder, "models.json"), "utf8")));
  return Promise.all(
    cards.map(async (card) => {
      const path = join(folder, card.file);
      const bytes = await readFile(path).catch(() => undefined);
      if (!bytes) throw new SubforgeError("MODEL_DAMAGED", { path, problem: "it is missing" });
      if (createHash("sha256").update(bytes).digest("hex") !== card.sha256) {
        throw new SubforgeError("MODEL_DAMAGED", { path, problem: "its bytes are not those of models.json" });
      }
      return { ...card, path };
    }),
  );
}
