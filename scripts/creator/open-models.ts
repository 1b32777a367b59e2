import { readModelFile } from "../../miner/inference/model-file.ts";
import { openSession } from "../../miner/inference/session.ts";
import type { Model as InferenceModel } from "../../simulator/template-checks/field.ts";
import type { Model } from "../../subnets/models.ts";

export type OpenModel = InferenceModel & { name: string; quality: number };

/** Sessions on models, in this process: they came with a template or from the person who runs this. */
export async function openModels(
  cards: readonly Model[],
): Promise<{ models: OpenModel[]; close(): Promise<void> }> {
  const opened = await Promise.all(
    cards.map(async ({ name, quality, path }) => {
      const session = await openSession(await readModelFile(path), { device: "cpu", threads: 1 });
      return { model: { name, quality, infer: session.run }, close: session.release };
    }),
  );
  return {
    models: opened.map(({ model }) => model),
    close: async () => {
      await Promise.all(opened.map(({ close }) => close()));
    },
  };
}
