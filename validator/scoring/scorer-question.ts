import { z } from "zod";
import { type AskRecord, fromPlainParticipant, toPlainParticipant } from "../../shared/journal/epoch-rows.ts";
import { REASONS, type Reason } from "../../shared/reasons.ts";
import type { EpochContext, SubnetTemplate } from "../../shared/template.ts";
import type { Json } from "../../shared/types.ts";
import { type Frame, toFrame } from "./frames.ts";
import type { JudgeInput, RecordedTranscript } from "./scorer.ts";

/** What the scorer's process is asked: one question in its life. */
export type ScorerQuestion =
  | ({ call: "judge" } & JudgeInput)
  | { call: "weights"; context: EpochContext; state: Json };

/** Replies of so many bytes share a frame. */
const BATCH_BYTES = 1024 * 1024;
const BATCH_ASKS = 64;

const HEX_BYTES = /^(?:[0-9a-f]{2})*$/;

const bytes32 = z.hex().length(64);
const name = z.string().max(128);
const count = z.int().min(0);

const participantSchema = z.strictObject({
  uid: z.int().min(0).max(65_535),
  hotkey: name,
  coldkey: name,
  stakeRao: z.string().regex(/^\d{1,20}$/),
  validatorPermit: z.boolean(),
  registeredAt: count,
  isOwner: z.literal(true).optional(),
  ip: name.optional(),
  commitment: z.strictObject({ data: z.string().regex(HEX_BYTES).max(2_048), block: count }).optional(),
});

const contextSchema = z.strictObject({
  netuid: count,
  mechanism: count,
  epoch: count,
  startBlock: count,
  tempo: count,
  validator: name,
  participants: z.array(participantSchema).max(65_536),
  beacon: bytes32,
  secret: bytes32,
  config: z.json(),
});

const askSchema = z.strictObject({
  hotkey: name,
  reason: z.enum(Object.keys(REASONS) as [Reason, ...Reason[]]).optional(),
  latencyMs: z.number(),
  /** Length of its reply in the frame's bytes; absent: there is none. */
  bytes: count.optional(),
});

const partSchema = z.discriminatedUnion("part", [
  z.strictObject({
    part: z.literal("context"),
    call: z.enum(["judge", "weights"]),
    context: contextSchema,
    answeredBefore: z.array(name).optional(),
  }),
  z.strictObject({ part: z.literal("state") }),
  z.strictObject({
    part: z.literal("job"),
    epoch: count,
    completedIn: count.optional(),
    job: z.strictObject({
      taskId: name,
      stage: name,
      synapse: name,
      to: z.union([z.literal("source"), z.array(name)]),
      task: z.json(),
    }),
  }),
  z.strictObject({ part: z.literal("asks"), asks: z.array(askSchema) }),
  z.strictObject({ part: z.literal("end") }),
]);

type Part = z.infer<typeof partSchema>;

/** One by one, so that whoever sends them can do something else between two. */
export function* questionFrames(question: ScorerQuestion): Generator<Buffer> {
  const { call, context, state } = question;
  const before = call === "judge" ? question.answeredBefore : undefined;
  yield toFrame({
    part: "context",
    call,
    context: contextToJson(context),
    ...(before && { answeredBefore: [...before] }),
  });
  yield toFrame({ part: "state" }, Buffer.from(JSON.stringify(state)));
  for (const { epoch, job, completedIn, asks } of call === "judge" ? question.transcripts : []) {
    yield toFrame({ part: "job", epoch, job, completedIn });
    for (const batch of batches(asks)) {
      const heads = batch.map(({ hotkey, reason, latencyMs, body }) => ({
        ...{ hotkey, reason, latencyMs, bytes: body?.length },
      }));
      yield toFrame(
        { part: "asks", asks: heads },
        Buffer.concat(batch.flatMap(({ body }) => (body ? [body] : []))),
      );
    }
  }
  yield toFrame({ part: "end" });
}

/** Collects the frames of one question. */
export class QuestionReader {
  readonly #template: Pick<SubnetTemplate, "parseConfig">;
  readonly #transcripts: RecordedTranscript[] = [];
  #start: Extract<Part, { part: "context" }> | undefined;
  #state: Json = null;

  constructor(template: Pick<SubnetTemplate, "parseConfig">) {
    this.#template = template;
  }

  /**
   * @returns The question, when this was its last frame.
   * @throws anything when it is none
   */
  take({ head, bytes }: Frame): ScorerQuestion | undefined {
    const part = partSchema.parse(head);
    if (part.part === "context") this.#start = part;
    else if (part.part === "state") this.#state = JSON.parse(Buffer.from(bytes).toString()) as Json;
    else if (part.part === "job") {
      const { epoch, job, completedIn } = part;
      this.#transcripts.push({ epoch, job: job as RecordedTranscript["job"], completedIn, asks: [] });
    } else if (part.part === "asks") this.#takeAsks(part.asks, bytes);
    else return this.#question();
    return undefined;
  }

  #takeAsks(asks: Extract<Part, { part: "asks" }>["asks"], bytes: Uint8Array): void {
    const { asks: taken } = this.#transcripts.at(-1)!;
    let at = 0;
    for (const { hotkey, reason, latencyMs, bytes: length } of asks) {
      const body = length === undefined ? undefined : bytes.slice(at, at + length);
      at += length ?? 0;
      taken.push({ hotkey, reason, latencyMs, body, ip: undefined, port: undefined });
    }
  }

  #question(): ScorerQuestion {
    const { call, context: told, answeredBefore } = this.#start!;
    const context: EpochContext = {
      ...told,
      beacon: fromHex(told.beacon),
      secret: fromHex(told.secret),
      participants: told.participants.map((p) => fromPlainParticipant({ ...p, ip: p.ip })),
      config: this.#template.parseConfig(told.config),
    };
    if (call === "weights") return { call, context, state: this.#state };
    const before = answeredBefore && new Set(answeredBefore);
    return { call, context, state: this.#state, transcripts: this.#transcripts, answeredBefore: before };
  }
}

/** What the schema names and nothing else: a record may hold more than a template is told. */
function contextToJson(context: EpochContext): z.input<typeof contextSchema> {
  const { netuid, mechanism, epoch, startBlock, tempo, validator, participants, config } = context;
  return {
    ...{ netuid, mechanism, epoch, startBlock, tempo, validator, config: config as Json },
    beacon: toHex(context.beacon),
    secret: toHex(context.secret),
    participants: participants.map(toPlainParticipant),
  };
}

function* batches(asks: readonly AskRecord[]): Generator<AskRecord[]> {
  let batch: AskRecord[] = [];
  let bytes = 0;
  for (const ask of asks) {
    batch.push(ask);
    bytes += ask.body?.length ?? 0;
    if (bytes < BATCH_BYTES && batch.length < BATCH_ASKS) continue;
    yield batch;
    [batch, bytes] = [[], 0];
  }
  if (batch.length > 0) yield batch;
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, "hex"));
}
