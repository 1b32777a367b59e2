import { makeHelloModel } from "./hello.ts";
import { makeInferenceModels } from "./inference.ts";
import { type Trained, writeModels } from "./model-file.ts";

const TRAINERS: Record<string, () => Trained[]> = {
  hello: () => [makeHelloModel()],
  inference: makeInferenceModels,
};

/** Trains the models of one subnet, or of all, and prints what was measured. */
export async function train(only?: string): Promise<void> {
  for (const [subnet, makeModels] of Object.entries(TRAINERS)) {
    if (only !== undefined && only !== subnet) continue;
    for (const { file, quality, accuracy, how } of await writeModels(subnet, makeModels())) {
      process.stdout.write(`${subnet}/${file}  quality ${quality}  accuracy ${accuracy}  ${how}\n`);
    }
  }
}
