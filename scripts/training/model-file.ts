import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../../shared/process-entry.ts";
import { childSeed } from "../../shared/rules/beacon.ts";
import { tensorBytes } from "../../shared/tensor.ts";
import { PRESET_NAMES, PRESETS, type PresetName } from "../../subnets/inference/presets/presets.ts";
import type { ModelCard } from "../../subnets/models.ts";

/** Of the project itself: its models are trained on what it draws. */
const LICENCE = "Apache-2.0";

/** Items of the fixed draw that tells by its hash whether a preset still draws what its models were trained on. */
const PROBE = { seed: childSeed(new Uint8Array(32), "subforge training data"), items: 64 };

/** A model and what was measured of it. */
export type Trained = Omit<ModelCard, "file" | "sha256" | "preset" | "licence"> & {
  onnx: Uint8Array;
};

/**
 * Writes the files, and their cards to `models.json`, best first. Cards of other presets stay as they are.
 *
 * @returns The new cards.
 */
export async function writeModels(
  subnet: string,
  preset: PresetName | undefined,
  models: readonly Trained[],
): Promise<ModelCard[]> {
  const folder = join(packageRoot(), "subnets", subnet, "models");
  await mkdir(folder, { recursive: true });
  const list = join(folder, "models.json");
  const known = existsSync(list) ? (JSON.parse(await readFile(list, "utf8")) as ModelCard[]) : [];

  const cards: ModelCard[] = [];
  for (const model of models.toSorted((a, b) => b.quality - a.quality)) {
    const { name, onnx, quality, accuracy, metric, how, role, data } = model;
    const file = `${name}.onnx`;
    await writeFile(join(folder, file), onnx);
    const sha256 = createHash("sha256").update(onnx).digest("hex");
    cards.push({
      name,
      file,
      sha256,
      quality: round(quality),
      accuracy: round(accuracy),
      ...(metric !== undefined && { metric }),
      how,
      ...(role !== undefined && { role }),
      ...(data !== undefined && { data }),
      ...(preset && { preset, data: dataHash(preset) }),
      licence: LICENCE,
    });
  }
  const kept = known.filter((card) => card.preset !== preset);
  const place = ({ preset: of }: ModelCard) =>
    of === undefined ? -1 : PRESET_NAMES.indexOf(of as PresetName);
  const all = [...kept, ...cards].toSorted((a, b) => place(a) - place(b)); // stable: best first within a preset
  await writeFile(list, `${JSON.stringify(all, undefined, 2)}\n`);
  return cards;
}

/** SHA-256 of the inputs and the truth of a fixed draw. */
export function dataHash(preset: PresetName): string {
  const { drawFeeds, drawTruth } = PRESETS[preset];
  const hash = createHash("sha256");
  for (const feed of Object.values(drawFeeds(PROBE.seed, PROBE.items))) hash.update(tensorBytes(feed));
  return hash.update(new Uint8Array(drawTruth(PROBE.seed, PROBE.items).buffer)).digest("hex");
}

function round(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
