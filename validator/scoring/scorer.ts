import type { JobRecord } from "../../shared/journal/epoch-rows.ts";
import type { EpochContext, SubnetTemplate, Transcript } from "../../shared/template.ts";
import type { Hotkey, Json } from "../../shared/types.ts";
import { type Judgement, judgeEpoch, type WeightShare, weightShares } from "../score-book.ts";
import { toTranscripts } from "../transcripts.ts";

/** A job as the journal holds it, with the epoch that planned it. */
export type RecordedTranscript = JobRecord & { epoch: number };

export type JudgeInput = {
  context: EpochContext;
  /**
   * All jobs of each epoch that has one which was completed in this one, in the order they were planned: a later
   * stage's question depends on earlier answers. Only those completed in `context.epoch` are judged.
   */
  transcripts: readonly RecordedTranscript[];
  state: Json;
  /** Who answered when miners were last asked; undefined when they never were. */
  answeredBefore: ReadonlySet<Hotkey> | undefined;
};

/**
 * Everything of a template that runs on what strangers sent, behind one door: reading their replies, scoring them, and
 * making weights. Nothing that a template does makes these throw: an epoch is void by name, weights are undefined.
 */
export type Scorer = {
  judge(input: JudgeInput): Promise<Judgement>;
  /** @returns undefined when the template fails, or gives what is no weight. Empty: nobody is worth anything. */
  weights(context: EpochContext, state: Json): Promise<WeightShare[] | undefined>;
  close(): Promise<void>;
};

/** In this thread, which a heavy template blocks: for tests, `dev`, and small templates that are trusted. */
export function inlineScorer(template: SubnetTemplate): Scorer {
  return {
    judge: async ({ context, transcripts, state, answeredBefore }) =>
      judgeEpoch(template, context, completedIn(template, context.epoch, transcripts), state, answeredBefore),
    weights: async (context, state) => weightShares(template, context, state),
    close: async () => {},
  };
}

/** Its own jobs, and late ones of earlier epochs. */
function completedIn(
  template: SubnetTemplate,
  epoch: number,
  recorded: readonly RecordedTranscript[],
): Transcript[] {
  const epochs = [...new Set(recorded.map((job) => job.epoch))].sort((a, b) => a - b);
  return epochs.flatMap((of) => {
    const jobs = recorded.filter((job) => job.epoch === of);
    const done = new Set(jobs.filter((job) => job.completedIn === epoch).map(({ job }) => job.taskId));
    return toTranscripts(template, of, jobs).filter(({ job }) => done.has(job.taskId));
  });
}
