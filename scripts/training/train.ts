import type { PresetName } from "../../subnets/inference/presets/presets.ts";
import { makeAnomalyModels } from "./anomaly.ts";
import { makeContractAuditModels } from "./contract-audit.ts";
import { makeForecastModels } from "./forecast.ts";
import { makeHelloModel } from "./hello.ts";
import { makeInferenceModels } from "./inference.ts";
import { type Trained, writeModels } from "./model-file.ts";
import { makeRecommendModels } from "./recommend.ts";

type Trainer = { subnet: string; preset?: PresetName; make(): Trained[] };

/** In the order in which they stand in `models.json`: the first preset of a subnet is the one it begins with. */
const TRAINERS: readonly Trainer[] = [
  { subnet: "hello", make: () => [makeHelloModel()] },
  { subnet: "inference", preset: "classification", make: makeInferenceModels },
  { subnet: "inference", preset: "anomaly", make: makeAnomalyModels },
  { subnet: "inference", preset: "recommend", make: makeRecommendModels },
  { subnet: "inference", preset: "contract-audit", make: makeContractAuditModels },
  { subnet: "forecast", make: makeForecastModels },
];

/** Trains the models of one preset, of one subnet, or of all, and prints what was measured. */
export async function train(onlySubnet?: string, onlyPreset?: string): Promise<void> {
  const chosen = TRAINERS.filter(
    ({ subnet, preset }) =>
      (onlySubnet === undefined || onlySubnet === subnet) &&
      (onlyPreset === undefined || onlyPreset === preset),
  );
  if (chosen.length === 0) {
    const known = TRAINERS.map(({ subnet, preset }) => [subnet, preset].filter(Boolean).join(" "));
    process.stderr.write(
      `there is no trainer for ${onlySubnet} ${onlyPreset ?? ""}, use ${known.join(", ")}\n`,
    );
    process.exitCode = 2;
  }
  for (const { subnet, preset, make } of chosen) {
    for (const { file, quality, accuracy, metric, how } of await writeModels(subnet, preset, make())) {
      process.stdout.write(
        `${subnet}/${file}  quality ${quality}  ${metric ?? "accuracy"} ${accuracy}  ${how}\n`,
      );
    }
  }
}
