import { childSeed, epochSeed, randomFrom } from "../../shared/rules/beacon.ts";
import { type ModelCommitment, parseModelCommitment } from "../../shared/rules/model-commitment.ts";
import type { Job, ModelRun, Source, StageContext, Transcript } from "../../shared/template.ts";
import { elementCount, isTensor, type Tensor, tensor } from "../../shared/tensor.ts";
import type { Hotkey } from "../../shared/types.ts";
import type { InferenceConfig } from "./config.ts";
import type { Preset } from "./presets/preset.ts";
import { PRESETS, type PresetName } from "./presets/presets.ts";
import { feedsOf, type InferenceTask } from "./questions.ts";
import { takeRows } from "./rows.ts";
import type { CommitResponse } from "./synapse-commit.ts";
import type { RevealResponse } from "./synapse-reveal.ts";

/** A model may have to be fetched first. */
const AUDIT_TIMEOUT_MS = 30_000;

/** Answers of one miner that are looked at in an epoch, whatever the share. */
const MAX_PICKS = 256;

const PRECISIONS: readonly unknown[] = ["float32", "float16", "integer"];

/** One answer to look at: in the question of this seed, at this position. */
type Pick = [seed: string, position: number];

/** A miner's model and some answers that it is said to have given: float32 [picks, outputs] in base64. */
export type AuditTask = {
  preset: PresetName;
  items: number;
  shared: number;
  hotkey: Hotkey;
  model: ModelCommitment;
  picks: Pick[];
  claimed: string;
};

/** What came of one audit. `worst` is the largest distance between an answer and the model's own. */
export type Verdict =
  | { outcome: "passed" | "mismatch"; rows: number; worst: number }
  | { outcome: "problem"; problem: string };

/**
 * Picks some answers of each miner that committed to a model, after all are bound to theirs: the beacon is that of the
 * stage's own first block. A miner that named another model than the committed one is not audited: it says itself that
 * its answers are not that model's, and earns nothing.
 */
export function planAudits(
  { participants, netuid, epoch, beacon, config }: StageContext<InferenceConfig>,
  transcripts: readonly Transcript[],
): Job<AuditTask>[] {
  if (config.auditShare === 0) return [];
  const seed = epochSeed({ netuid, epoch, randomness: beacon, purpose: "inference/audit" });
  return participants.flatMap(({ hotkey, uid, commitment }) => {
    const model = commitment && parseModelCommitment(commitment.data);
    if (!model) return [];
    const shown = shownBy(hotkey, model, transcripts);
    const first = shown[0];
    if (!first) return [];
    const { preset, items, shared } = first.task;
    const rows = shown.length * items;
    const count = Math.min(rows, MAX_PICKS, Math.max(1, Math.round(config.auditShare * rows)));
    const drawn = randomFrom(childSeed(seed, hotkey)).sample(rows, count);
    const { outputs } = PRESETS[preset];
    const claimed = new Float32Array(count * outputs);
    const picks = drawn.map((row, i): Pick => {
      const { task, y } = shown[Math.floor(row / items)]!;
      const position = row % items;
      claimed.set(y.data.subarray(position * outputs, (position + 1) * outputs) as Float32Array, i * outputs);
      return [task.seed, position];
    });
    const task = {
      ...{ preset, items, shared, hotkey, model, picks },
      claimed: Buffer.from(claimed.buffer).toString("base64"),
    };
    return [{ taskId: `audit-${uid}`, stage: "audit", synapse: "audit", to: "source", task }];
  });
}

/** The committed model on the picked rows, by the shell of whoever audits. */
export const audit: Source<AuditTask, ModelRun> = {
  timeoutMs: AUDIT_TIMEOUT_MS,
  rerun: ({ hotkey, model, ...task }) => ({ hotkey, model, feeds: pickedFeeds({ hotkey, ...task }) }),
  parseTruth(message, { preset, picks }) {
    const { y, precision, problem } = message;
    if (typeof problem === "string") return { problem: problem.slice(0, 200) };
    if (!PRECISIONS.includes(precision)) throw new Error("precision");
    if (!isTensor(y) || y.dtype !== "float32") throw new Error("y must be a float32 tensor");
    if (y.data.length !== picks.length * PRESETS[preset].outputs) throw new Error("y has another size");
    return { y, precision } as ModelRun;
  },
};

/** By hotkey. An audit that we could not make says nothing. */
export function judgeAudits(
  transcripts: readonly Transcript[],
  tolerance: InferenceConfig["auditTolerance"],
): Map<Hotkey, Verdict> {
  const verdicts = new Map<Hotkey, Verdict>();
  for (const { job, answers } of transcripts) {
    const answer = job.to === "source" && job.synapse === "audit" ? answers.get("source") : undefined;
    if (!answer?.ok) continue;
    const { hotkey, claimed, picks } = job.task as AuditTask;
    const run = answer.response as ModelRun;
    if ("problem" in run) {
      verdicts.set(hotkey, { outcome: "problem", problem: run.problem });
      continue;
    }
    const worst = largestDistance(fromBase64(claimed), run.y);
    const isSame = worst <= tolerance[run.precision];
    verdicts.set(hotkey, { outcome: isSame ? "passed" : "mismatch", rows: picks.length, worst });
  }
  return verdicts;
}

/** The questions of the picked answers, each once, and where in them the picks are. */
export function questionsOf({ preset, items, shared, picks }: Omit<AuditTask, "model" | "claimed">): {
  task: InferenceTask;
  positions: number[];
}[] {
  const positions = new Map<string, number[]>();
  for (const [seed, position] of picks) positions.set(seed, [...(positions.get(seed) ?? []), position]);
  return [...positions].map(([seed, of]) => ({
    task: { preset, seed, items, shared, commit: "" },
    positions: of,
  }));
}

/** What was said of each question's rows, back in the order of the picks. */
export function inPickOrder<Values extends Float32Array | BigInt64Array>(
  picks: readonly Pick[],
  bySeed: ReadonlyMap<string, Values>,
  width: number,
): Values {
  const rows = picks.map(([seed, position]) => takeRows(bySeed.get(seed)!, width, [position]));
  const all = new (rows[0]!.constructor as new (length: number) => Values)(rows.length * width);
  rows.forEach((row, i) => {
    all.set(row as never, i * width);
  });
  return all;
}

function pickedFeeds(task: Omit<AuditTask, "model" | "claimed">): Record<string, Tensor> {
  const preset: Preset = PRESETS[task.preset];
  const feeds = questionsOf(task).map(({ task: of }) => [of.seed, feedsOf(of, task.hotkey)] as const);
  return Object.fromEntries(
    preset.inputs.map(({ name, dtype, shape }) => {
      const bySeed = new Map(feeds.map(([seed, tensors]) => [seed, tensors[name]!.data as Float32Array]));
      const rows = inPickOrder(task.picks, bySeed, elementCount(shape));
      return [name, tensor(dtype, [task.picks.length, ...shape], rows as never)];
    }),
  );
}

/** What a miner showed of what it was bound to, unless it named another model. */
function shownBy(
  hotkey: Hotkey,
  { sha256 }: ModelCommitment,
  transcripts: readonly Transcript[],
): { task: InferenceTask; y: Tensor }[] {
  const named = new Map<string, string>();
  for (const { job, answers } of transcripts) {
    const answer = job.stage === "commit" ? answers.get(hotkey) : undefined;
    if (answer?.ok) named.set(job.taskId, (answer.response as CommitResponse).modelHash);
  }
  return transcripts.flatMap(({ job, answers }) => {
    const answer = job.stage === "reveal" ? answers.get(hotkey) : undefined;
    const task = job.task as InferenceTask;
    if (!answer?.ok || (named.get(task.commit) || sha256) !== sha256) return [];
    return [{ task, y: (answer.response as RevealResponse).y }];
  });
}

function fromBase64(text: string): Float32Array {
  const bytes = new Uint8Array(Buffer.from(text, "base64"));
  return new Float32Array(bytes.buffer);
}

/** Infinite where a model gives what is no number. */
function largestDistance(claimed: Float32Array, y: Tensor): number {
  let worst = 0;
  claimed.forEach((value, i) => {
    const distance = Math.abs(value - Number(y.data[i]));
    worst = Math.max(worst, Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance);
  });
  return worst;
}
