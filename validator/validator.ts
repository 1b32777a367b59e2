import type { Chain } from "../shared/chain/chain.ts";
import type { Clock } from "../shared/clock.ts";
import { isSubforgeError, SubforgeError } from "../shared/errors.ts";
import { failPoint } from "../shared/fail-point.ts";
import { type Journal, openJournal } from "../shared/journal/journal.ts";
import type { Keypair } from "../shared/keys/keypair.ts";
import type { Secret } from "../shared/keys/secret.ts";
import type { Logger } from "../shared/logger.ts";
import { processEntry } from "../shared/process-entry.ts";
import { announce } from "../shared/queue/announcement.ts";
import type { ConnectOptions } from "../shared/queue/connection.ts";
import type { QueueScope } from "../shared/queue/job-ids.ts";
import { type QueueStats, readQueueStats } from "../shared/queue/queue-stats.ts";
import {
  type CollectQueue,
  openCollectQueue,
  openDispatchQueue,
  queueKeyPurpose,
} from "../shared/queue/queues.ts";
import { startRestartingProcess } from "../shared/restarting-process.ts";
import type { SubnetTemplate } from "../shared/template.ts";
import type { Json, Netuid } from "../shared/types.ts";
import type { AskProtocol } from "./asking.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { OnEvent } from "./events.ts";
import { Planner } from "./planner.ts";
import { SecretKeeper } from "./secret-keeper.ts";
import { openSigningPermit } from "./signing-permit.ts";
import { SourceReader, type Sources } from "./source-reader.ts";
import { WeightSetter } from "./weight-setter.ts";

/** `collect` jobs taken at once: each is one short write. */
const COLLECT_CONCURRENCY = 4;

/** No new block for so long is worth a word. */
const SILENT_CHAIN_MS = 30_000;

/** How long a stop waits for its parts. */
const STOP_MS = 9_000;

/** Pause before the chain is asked again after it failed. */
const CHAIN_RETRY_MS = 1_000;

export type ValidatorOptions = {
  netuid: Netuid;
  /** Worker processes to start and keep running; 0: they are started elsewhere. */
  workers: number;
  /** Arguments after `validator worker` that tell a worker process where its wallet is. */
  workerArgs?: readonly string[];
  /** Password of that wallet's keyfile, for processes that nobody can ask. */
  workerPassword?: Secret | undefined;
  /** May miners have private addresses? On a development chain only. */
  allowPrivate: boolean;
  /** How miners are asked. Default btauth/1; v10 for Python miners of SDK 7 to 10, whose answers nobody signs. */
  protocol?: AskProtocol;
  /** Miners per job. Default: as many as fit. */
  targetsPerJob?: number | undefined;
  /** Sign and send nothing, and say what would be set. Default false. */
  shadow?: boolean | undefined;
  /** Epochs to look for another machine with this hotkey before the first signature. Default 0: not at all. */
  doppelgangerEpochs?: number | undefined;
  /** 0..1 of all weight goes to the subnet owner's uid, where it is burned. Default 0. */
  burnShare?: number | undefined;
};

export type ValidatorDeps = {
  chain: Chain;
  /** The hotkey. */
  signer: Keypair;
  template: SubnetTemplate;
  /** What `template.parseConfig` gave. */
  config: unknown;
  journalPath: string;
  queue: ConnectOptions;
  sources?: Sources;
  clock: Clock;
  logger: Logger;
  signal: AbortSignal;
  onEvent: OnEvent;
  /** The planner finished looking at a block: progress, as those see it who watch. */
  onLook?: (() => void) | undefined;
};

export type Validator = {
  /** How its queues are doing. @throws SubforgeError QUEUE_UNREACHABLE */
  queueStats(): Promise<QueueStats>;
  journal: Journal;
  /** Process ids of the workers that run now. */
  workerPids(): number[];
  /** Resolves when the signal aborted and everything is closed. Rejects when it cannot go on: nothing is left behind. */
  stopped: Promise<void>;
};

/**
 * Runs one validator on one subnet: chain, plan, queue, ask, score, weights, chain. Stops within seconds after the
 * signal aborts.
 *
 * @throws SubforgeError CONFIG_INVALID, JOURNAL_LOCKED and the other JOURNAL_ codes, PLANNER_LEASE_LOST, DOPPELGANGER_FOUND, QUEUE_UNREACHABLE and the other QUEUE_ codes,
 * BUILD_MISSING, before anything is signed or asked
 */
export async function startValidator(options: ValidatorOptions, deps: ValidatorDeps): Promise<Validator> {
  const { chain, signer, template, config, queue, clock, logger, onEvent } = deps;
  const { netuid } = options;
  const { genesis } = chain.identity;
  const failed = new AbortController();
  const signal = AbortSignal.any([deps.signal, failed.signal]);
  const scope: QueueScope = { genesis, validator: signer.address, netuid, template: template.id };
  const key = signer.deriveSecret(queueKeyPurpose(scope));

  if (options.protocol === "v10") assertV10(template);
  const journal = openJournal({ path: deps.journalPath, genesis, hotkey: signer.address });
  const opened: { close(): unknown }[] = [journal];
  try {
    const script = options.workers > 0 ? processEntry("cli") : "";
    const permit = await openSigningPermit(
      {
        subjects: new Map([[netuid, [0]]]),
        doppelgangerEpochs: options.doppelgangerEpochs ?? 0,
        shadow: options.shadow,
      },
      { chain, signer, weights: journal.weights, queue, clock, logger, signal, onEvent },
    );
    if (!permit) {
      journal.close();
      const queueStats = () => readQueueStats([]);
      return { journal, queueStats, workerPids: () => [], stopped: Promise.resolve() };
    }
    opened.unshift(permit);
    const dispatch = await openDispatchQueue(scope, key, queue);
    opened.unshift(dispatch);
    const collect = await openCollectQueue(scope, key, queue);
    opened.unshift(collect);

    const { epochs, weights } = journal;
    const secrets = new SecretKeeper({ chain, signer, epochs, logger });
    const { maySign } = permit;
    const { shadow, burnShare } = options;
    const setter = new WeightSetter({
      ...{ chain, signer, weights, clock, logger, onEvent, maySign, shadow, burnShare },
    });
    const dispatcher = new Dispatcher(
      { template, epochs, dispatch, collect, clock, logger },
      options.targetsPerJob,
    );
    const sources = new SourceReader({ template, epochs, sources: deps.sources ?? {}, logger, signal });
    const planner = new Planner(netuid, {
      chain,
      signer,
      template,
      config,
      journal,
      dispatcher,
      sources,
      secrets,
      setter,
      clock,
      logger,
      onEvent,
    });

    onEvent({
      event: "validator.started",
      netuid,
      hotkey: signer.address,
      template: template.id,
      version: template.version,
    });
    const announcement = {
      ...scope,
      version: template.version,
      config: config as Json,
      allowPrivate: options.allowPrivate,
      protocol: options.protocol ?? ("btauth/1" as const),
    };
    const workers = Array.from({ length: options.workers }, () =>
      startRestartingProcess(
        {
          script,
          args: ["validator", "worker", "--supervised", ...(options.workerArgs ?? [])],
          message: workerMessage(queue.url, options.workerPassword),
          onStart: (pid) => onEvent({ event: "worker.started", pid }),
          onEnd: (pid, how) => onEvent({ event: "worker.stopped", pid, how }),
        },
        { clock, logger, signal },
      ),
    );
    const parts = [
      announce(announcement, key, { connect: queue, signal }),
      permit.watch(signal),
      takeAnswers(collect, { journal, template, netuid, signal, onEvent }),
      followBlocks(chain, planner, { clock, logger, signal, onLook: deps.onLook }),
      Promise.all(workers.map(({ stopped }) => stopped)).then(() => undefined),
    ].map((part) =>
      part.catch((error: unknown) => {
        failed.abort();
        throw error;
      }),
    );
    return {
      journal,
      queueStats: () => readQueueStats([dispatch, collect]),
      workerPids: () => workers.flatMap(({ pid }) => pid() ?? []),
      stopped: untilAllEnd(parts, opened, signal),
    };
  } catch (error) {
    for (const part of opened) await part.close();
    throw error;
  }
}

/** What a worker is told by its parent alone, and by no argument: it holds passwords. */
function workerMessage(queue: string, password: Secret | undefined): Record<string, string> {
  return password ? { queue, secret: Buffer.from(password.revealBytes()).toString("base64") } : { queue };
}

/**
 * One part's failure stops the others; its error is what the caller gets. A call that the chain has not included yet
 * is not waited for: its bytes are in the journal, and the next start looks for them.
 */
async function untilAllEnd(
  parts: Promise<void>[],
  opened: { close(): unknown }[],
  signal: AbortSignal,
): Promise<void> {
  const late = new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => setTimeout(resolve, STOP_MS).unref(), { once: true });
  });
  const outcomes = await Promise.race([Promise.allSettled(parts), late]);
  for (const part of opened) await part.close();
  const failure = (outcomes ?? []).find((outcome) => outcome.status === "rejected");
  if (failure) throw failure.reason;
}

/** Worker to journal. An answer that came twice, too late or unasked has no effect. */
async function takeAnswers(
  collect: CollectQueue,
  deps: {
    journal: Journal;
    template: SubnetTemplate;
    netuid: Netuid;
    signal: AbortSignal;
    onEvent: OnEvent;
  },
): Promise<void> {
  const { journal, template, netuid, signal, onEvent } = deps;
  const jobSynapse = (synapse: string | undefined) => (synapse ? template.synapses[synapse] : undefined);
  await collect.consume(
    async ({ mechanism, epoch, taskId, worker, answers }) => {
      const key = { netuid, mechanism, epoch };
      const synapse = jobSynapse(journal.epochs.synapseOf(key, taskId));
      if (!synapse) return; // of an epoch that is forgotten
      const records = answers.map(({ hotkey, reason, latencyMs, body }) => {
        const bytes = body === undefined ? undefined : Uint8Array.from(Buffer.from(body, "base64"));
        if (bytes && bytes.length > synapse.maxResponseBytes) {
          return { hotkey, reason: "answer-too-large" as const, latencyMs };
        }
        return { hotkey, reason, latencyMs, body: bytes };
      });
      failPoint("answers.record.before");
      const recorded = journal.epochs.record(key, taskId, records);
      failPoint("answers.record.after");
      onEvent({ event: "answers.collected", ...key, taskId, worker, recorded });
    },
    { concurrency: COLLECT_CONCURRENCY, signal },
  );
}

/** Block by block; what the chain cannot answer now is asked at the next one. */
async function followBlocks(
  chain: Chain,
  planner: Planner,
  deps: { clock: Clock; logger: Logger; signal: AbortSignal; onLook: (() => void) | undefined },
): Promise<void> {
  const { clock, logger, signal, onLook } = deps;
  let seen = -1;
  while (!signal.aborted) {
    const watch = watchSilence(logger);
    try {
      for await (const head of chain.heads(signal)) {
        watch.seen();
        if (head.number > seen) seen = await planner.onBlock();
        onLook?.();
      }
    } catch (error) {
      if (!isSubforgeError(error) || !(error.retryable || error.code.startsWith("CHAIN_"))) throw error;
      logger.warn("chain.trouble", { code: error.code, reason: error.message });
    } finally {
      watch.end();
    }
    await clock.sleep(CHAIN_RETRY_MS, signal);
  }
}

function watchSilence(logger: Logger): { seen(): void; end(): void } {
  let lastMs = Date.now();
  const timer = setInterval(() => {
    const silentMs = Date.now() - lastMs;
    if (silentMs > SILENT_CHAIN_MS) logger.warn("chain.silent", { silentMs });
  }, SILENT_CHAIN_MS / 2);
  timer.unref();
  return {
    seen: () => {
      lastMs = Date.now();
    },
    end: () => clearInterval(timer),
  };
}

/** A synapse that Python miners do not know would cost every miner its score. */
function assertV10({ id, synapses }: SubnetTemplate): void {
  const unknown = Object.keys(synapses).filter((name) => !synapses[name]!.v10);
  if (unknown.length === 0) return;
  const problems = unknown.map((name) => `${id}/${name} has no v10 description`);
  throw new SubforgeError("CONFIG_INVALID", { what: "the protocol v10 for this template", problems });
}
