import type { ImitatedModel } from "../../shared/template.ts";
import { type Tensors, tensor } from "../../shared/tensor.ts";
import type { Hotkey } from "../../shared/types.ts";
import { type AuditTask, inPickOrder, questionsOf } from "./audit.ts";
import { PRESETS } from "./presets/presets.ts";
import { type InferenceTask, orderRows, seedsOf, truthOf } from "./questions.ts";

/** What a model of that skill would say to one miner's question, or to the rows of an audit. */
export function imitate(
  task: InferenceTask | AuditTask,
  hotkey: Hotkey,
  model: ImitatedModel,
): (feeds: Tensors) => Promise<Tensors> {
  const { outputs } = PRESETS[task.preset];
  const y = "picks" in task ? toPicks(task, model) : toQuestion(task, hotkey, model);
  return async () => ({ y: tensor("float32", [y.length / outputs, outputs], y) });
}

function toQuestion(task: InferenceTask, hotkey: Hotkey, model: ImitatedModel): Float32Array<ArrayBuffer> {
  const preset = PRESETS[task.preset];
  const [truth, seeds] = [truthOf(task, hotkey), seedsOf(task, hotkey)];
  const said = {
    shared: preset.imitate(truth.shared, seeds.shared, model),
    unique: preset.imitate(truth.unique, seeds.unique, model),
  };
  return orderRows(task, hotkey, said, preset.outputs);
}

function toPicks(task: AuditTask, model: ImitatedModel): Float32Array<ArrayBuffer> {
  const said = questionsOf(task).map(
    ({ task: of }) => [of.seed, toQuestion(of, task.hotkey, model)] as const,
  );
  return inPickOrder(task.picks, new Map(said), PRESETS[task.preset].outputs);
}
