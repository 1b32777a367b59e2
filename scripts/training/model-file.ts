import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../../shared/process-entry.ts";
import type { ModelCard } from "../../subnets/models.ts";

/** A model and what was measured of it. */
export type Trained = Omit<ModelCard, "file" | "sha256"> & { onnx: Uint8Array };

/** Writes the files and `models.json`, best first. */
export async function writeModels(subnet: string, models: readonly Trained[]): Promise<ModelCard[]> {
  const folder = join(packageRoot(), "subnets", subnet, "models");
  await mkdir(folder, { recursive: true });
  const cards: ModelCard[] = [];
  for (const { name, onnx, quality, accuracy, how } of models.toSorted((a, b) => b.quality - a.quality)) {
    const file = `${name}.onnx`;
    await writeFile(join(folder, file), onnx);
    const sha256 = createHash("sha256").update(onnx).digest("hex");
    cards.push({ name, file, sha256, quality: round(quality), accuracy: round(accuracy), how });
  }
  await writeFile(join(folder, "models.json"), `${JSON.stringify(cards, undefined, 2)}\n`);
  return cards;
}

function round(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
