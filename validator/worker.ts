import { randomBytes } from "node:crypto";
import { systemClock } from "../shared/clock.ts";
import { SubforgeError } from "../shared/errors.ts";
import { failPoint } from "../shared/fail-point.ts";
import type { Keypair } from "../shared/keys/keypair.ts";
import type { Logger } from "../shared/logger.ts";
import type { ConnectOptions } from "../shared/queue/connection.ts";
import type { QueueScope } from "../shared/queue/job-ids.ts";
import {
  type CollectJob,
  type CollectQueue,
  type DispatchJob,
  openCollectQueue,
  openDispatchQueue,
  queueKeyPurpose,
} from "../shared/queue/queues.ts";
import type { Answer, Message, SubnetTemplate, Synapse } from "../shared/template.ts";
import { decodeMessage, encodeMessage, MESSAGE_CONTENT_TYPE } from "../shared/wire/message.ts";
import type { PortRule } from "../shared/wire/port-rule.ts";
import { synapseRoute } from "../shared/wire/route.ts";
import type { Asker, AskProtocol } from "./asking.ts";
import { Dendrite } from "./dendrite.ts";
import { ownAddresses } from "./own-addresses.ts";
import { V10Dendrite } from "./v10-dendrite.ts";
import type { WorkerMeter } from "./worker-metrics.ts";

/** Jobs in hand at once. More than 16 gives nothing; each has up to 32 miners. */
const DEFAULT_CONCURRENCY = 8;

/** Answers that come within this time travel together. */
const GATHER_MS = 200;

/** Pause before answers are handed over again while Redis is away. */
const HAND_OVER_RETRY_MS = 500;

const ASKERS = { "btauth/1": Dendrite, v10: V10Dendrite } as const satisfies Record<AskProtocol, unknown>;

export type WorkerOptions = {
  scope: QueueScope;
  concurrency?: number;
  /** May miners have private addresses? */
  allowPrivate: boolean;
  /** How miners are asked. Default btauth/1; v10 for Python miners of SDK 7 to 10. */
  protocol?: AskProtocol;
  /** Addresses of this machine as others see it, beside those of its interfaces: no miner is called there. */
  ownAddresses?: readonly string[];
  /** What the operator says about the ports of miners. */
  ports?: PortRule | undefined;
  /** Open sockets to all miners together. Default 768. */
  maxSockets?: number | undefined;
};

export type WorkerDeps = {
  template: SubnetTemplate;
  /** The validator's hotkey: signs questions, and tags what goes through the queue. */
  signer: Keypair;
  connect: ConnectOptions;
  logger: Logger;
  meter?: WorkerMeter | undefined;
  signal: AbortSignal;
};

/**
 * Takes questions from the queue, asks the miners, and hands their answers to the planner. Knows neither chain nor
 * journal. Any number of them share the work, on any machine that reaches Redis.
 *
 * Ends within seconds after the signal aborts; what it could not finish goes to another worker.
 *
 * @throws SubforgeError QUEUE_ADDRESS | QUEUE_UNREACHABLE | QUEUE_EVICTS when it cannot start
 */
export async function startWorker(options: WorkerOptions, deps: WorkerDeps): Promise<void> {
  const { scope, allowPrivate, concurrency = DEFAULT_CONCURRENCY } = options;
  const { template, signer, connect, logger, meter, signal } = deps;
  const key = signer.deriveSecret(queueKeyPurpose(scope));
  const dispatch = await openDispatchQueue(scope, key, connect);
  const collect = await openCollectQueue(scope, key, connect);
  const own = [...ownAddresses(), ...(options.ownAddresses ?? [])];
  const policy = { allowPrivate, own, ports: options.ports };
  const dendrite = new ASKERS[options.protocol ?? "btauth/1"](signer, policy, options.maxSockets, meter);
  const worker = `${process.pid}-${randomBytes(4).toString("hex")}`;
  logger.info("worker.started", { worker, netuid: scope.netuid, template: template.id, concurrency });
  meter?.started(() => dispatch.stats());
  try {
    await dispatch.consume(
      async (job, id) => {
        if (job.version !== template.version) {
          const place = `${dispatch.name}/${id}`;
          throw new SubforgeError("QUEUE_JOB_VERSION", {
            place,
            found: job.version,
            known: template.version,
          });
        }
        if (Date.now() > job.expiresAtMs) return; // nobody waits for it any more
        const hands = new AnswerBuffer(collect, id, { ...identityOf(job), worker }, job.expiresAtMs);
        failPoint("worker.ask.before");
        await askAll(job, template, {
          ...{ dendrite, logger },
          take: (answer) => {
            meter?.answered(answer.reason, answer.latencyMs);
            hands.take(answer);
          },
        });
        failPoint("worker.ask.after");
        await hands.empty();
      },
      { concurrency, signal },
    );
  } finally {
    await dendrite.close();
    await Promise.all([dispatch.close(), collect.close()]);
    logger.info("worker.stopped", { worker });
  }
}

type AnswerRow = CollectJob["answers"][number];

/** Never fails because of a miner: what went wrong is its answer. Who had not its full time has none. */
async function askAll(
  job: DispatchJob,
  template: SubnetTemplate,
  deps: { dendrite: Asker; logger: Logger; take: (answer: AnswerRow) => void },
): Promise<void> {
  const synapse = Object.hasOwn(template.synapses, job.synapse) ? template.synapses[job.synapse] : undefined;
  if (!synapse) throw new SubforgeError("INTERNAL", { what: `${template.id} has no synapse ${job.synapse}` });
  const encode = createEncoder(synapse);
  const { timeoutMs, maxResponseBytes, v10 } = synapse;
  const route = synapseRoute(template.id, job.synapse);
  await Promise.all(
    job.targets.map(async (target) => {
      const { hotkey } = target;
      let body: Uint8Array;
      try {
        body = encode(job.task, hotkey, toEarlier(target.earlier ?? {}));
      } catch (error) {
        // The question is ours: that it cannot be made is not the miner's fault.
        deps.logger.error("worker.no-question", { taskId: job.taskId, hotkey, reason: String(error) });
        return deps.take({ hotkey, reason: "validator-outage", latencyMs: 0 });
      }
      const question = { route, body, timeoutMs, maxResponseBytes, untilMs: job.expiresAtMs, v10 };
      const reply = await deps.dendrite.ask(target, question);
      if (!reply) return;
      const { latencyMs } = reply;
      deps.take(
        reply.ok
          ? { hotkey, reason: "ok", latencyMs, body: Buffer.from(reply.body).toString("base64") }
          : { hotkey, reason: reply.reason, latencyMs },
      );
    }),
  );
}

/** Answers on their way to the planner: the quick ones do not wait for the slow ones of their group. */
class AnswerBuffer {
  readonly #collect: CollectQueue;
  readonly #id: string;
  readonly #head: Omit<CollectJob, "answers">;
  readonly #untilMs: number;
  #answers: AnswerRow[] = [];
  #parts = 0;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> = Promise.resolve();

  constructor(collect: CollectQueue, id: string, head: Omit<CollectJob, "answers">, untilMs: number) {
    this.#collect = collect;
    this.#id = id;
    this.#head = head;
    this.#untilMs = untilMs;
  }

  take(answer: AnswerRow): void {
    this.#answers.push(answer);
    this.#timer ??= setTimeout(() => this.#flush(), GATHER_MS);
  }

  /** Resolves when everything was handed over. @throws SubforgeError QUEUE_UNREACHABLE when that was not possible in time */
  async empty(): Promise<void> {
    this.#flush();
    await this.#sending;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#answers.length === 0) return;
    const payload = { ...this.#head, answers: this.#answers };
    this.#answers = [];
    // The worker is part of the id: a second execution may have other answers in the same part.
    const id = `${this.#id}-${this.#head.worker}-${this.#parts++}`;
    this.#sending = this.#sending.then(() => handOver(this.#collect, id, payload, this.#untilMs));
    this.#sending.catch(() => undefined); // `empty` tells
  }
}

type Encoder = (
  task: DispatchJob["task"],
  hotkey: string,
  earlier: ReadonlyMap<string, Answer<Message>>,
) => Uint8Array;

/** Bytes of a question; encoded once where many miners get the same. */
function createEncoder(synapse: Synapse): Encoder {
  const known = new WeakMap<Message, Uint8Array>();
  return (task, hotkey, earlier) => {
    const request = synapse.createRequest(task, hotkey, earlier);
    let bytes = known.get(request);
    if (!bytes) {
      bytes = encodeMessage(request);
      known.set(request, bytes);
    }
    if (bytes.length > synapse.maxRequestBytes) {
      throw new Error(`the question has ${bytes.length} bytes, more than ${synapse.maxRequestBytes}`);
    }
    return bytes;
  };
}

function toEarlier(
  earlier: NonNullable<DispatchJob["targets"][number]["earlier"]>,
): Map<string, Answer<Message>> {
  const answers = new Map<string, Answer<Message>>();
  for (const [taskId, { reason, latencyMs, message }] of Object.entries(earlier)) {
    if (reason === "ok") {
      const bytes = Uint8Array.from(Buffer.from(message ?? "", "base64"));
      const response = decodeMessage(bytes, MESSAGE_CONTENT_TYPE, { maxBytes: bytes.length });
      answers.set(taskId, { ok: true, response, latencyMs });
    } else answers.set(taskId, { ok: false, reason, latencyMs });
  }
  return answers;
}

/** Answers are worth keeping: they are handed over again until nobody waits for them. */
async function handOver(
  collect: CollectQueue,
  id: string,
  payload: CollectJob,
  untilMs: number,
): Promise<void> {
  for (;;) {
    try {
      failPoint("worker.hand-over.before");
      await collect.add([{ id, payload }]);
      failPoint("worker.hand-over.after");
      return;
    } catch (error) {
      if (Date.now() + HAND_OVER_RETRY_MS > untilMs) throw error;
      await systemClock.sleep(HAND_OVER_RETRY_MS);
    }
  }
}

function identityOf(
  job: DispatchJob,
): Pick<CollectJob, "mechanism" | "epoch" | "stage" | "taskId" | "group" | "attempt"> {
  const { mechanism, epoch, stage, taskId, group, attempt } = job;
  return { mechanism, epoch, stage, taskId, group, attempt };
}
