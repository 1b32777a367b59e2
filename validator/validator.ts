import type { Chain } from "../shared/chain/chain.ts";
import type { Clock } from "../shared/clock.ts";
import { type Journal, openJournal } from "../shared/journal/journal.ts";
import type { Keypair } from "../shared/keys/keypair.ts";
import type { OracleKey } from "../shared/keys/oracle-key.ts";
import type { Secret } from "../shared/keys/secret.ts";
import type { Logger } from "../shared/logger.ts";
import { processEntry } from "../shared/process-entry.ts";
import { announce } from "../shared/queue/announcement.ts";
import type { ConnectOptions } from "../shared/queue/connection.ts";
import { type QueueStats, readQueueStats } from "../shared/queue/queue-stats.ts";
import { startRestartingProcess } from "../shared/restarting-process.ts";
import type { SubnetTemplate } from "../shared/template.ts";
import type { Netuid } from "../shared/types.ts";
import { takeAnswers } from "./answer-taker.ts";
import type { AskProtocol } from "./asking.ts";
import { checkAssignments } from "./assignments.ts";
import { followBlocks, RulesReader } from "./block-follower.ts";
import { createPlanner } from "./create-planner.ts";
import type { OnEvent } from "./events.ts";
import { Lane } from "./lane.ts";
import type { Sampling } from "./sampling.ts";
import { openScopes, type Scope } from "./scopes.ts";
import { inlineScorer, type Scorer } from "./scoring/scorer.ts";
import { SecretKeeper } from "./secret-keeper.ts";
import { openSigningPermit } from "./signing-permit.ts";
import type { ReadFeed, RerunModel, RunGraph, Sources } from "./source-reader.ts";
import { Troubles } from "./troubles.ts";

/** How long a stop waits for its parts. */
const STOP_MS = 9_000;

/** What to validate: one mechanism of one subnet, by one template. */
export type Assignment = {
  netuid: Netuid;
  mechanism: number;
  template: SubnetTemplate;
  /** What `template.parseConfig` gave. */
  config: unknown;
  /** Digest of the template's code, in hex: an epoch that other code planned is not scored. Default: nobody knows. */
  code?: string | undefined;
};

export type ValidatorOptions = {
  /** Several subnets and mechanisms share hotkey, journal and Redis; trouble with one does not stop the others. */
  assignments: readonly Assignment[];
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
  /** How many miners may be asked in an epoch. Default: all. */
  sampling?: Sampling | undefined;
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
  /** Signs results besides, for contracts. */
  oracleKey?: OracleKey | undefined;
  journalPath: string;
  queue: ConnectOptions;
  /** Runs a template on what strangers sent. Once for each template. Default: in this thread. */
  openScorer?: (template: SubnetTemplate) => Promise<Scorer>;
  sources?: Sources;
  /** Runs miners' committed models again, for templates that ask for it. It is closed by whoever made it. */
  rerunModel?: RerunModel | undefined;
  /** Runs graphs that templates build. It is closed by whoever made it. Default: they compute by their own arithmetic. */
  runGraph?: RunGraph | undefined;
  /** Reads signed feeds, for templates that name one. */
  readFeed?: ReadFeed | undefined;
  clock: Clock;
  logger: Logger;
  signal: AbortSignal;
  onEvent: OnEvent;
  /** After each look that ended well, of any mechanism: what progress is judged by. */
  onLook?: () => void;
};

export type Validator = {
  journal: Journal;
  /** Process ids of the workers that run now. */
  workerPids(): number[];
  /** Of all queues together. @throws SubforgeError QUEUE_UNREACHABLE */
  queueStats(): Promise<QueueStats>;
  /** Resolves when the signal aborted and everything is closed. Rejects when it cannot go on: nothing is left behind. */
  stopped: Promise<void>;
};

/**
 * Runs one validator, on one subnet or on several: chain, plan, queue, ask, score, weights, chain. Stops within seconds
 * after the signal aborts. Waits for as long as another planner of this hotkey works on one of these subnets.
 *
 * @throws SubforgeError CONFIG_INVALID, JOURNAL_LOCKED and the other JOURNAL_ codes, QUEUE_UNREACHABLE and the other QUEUE_
 * codes, SCORER_NOT_STARTED, BUILD_MISSING, before anything is signed or asked. `stopped` rejects with PLANNER_LEASE_LOST,
 * DOPPELGANGER_FOUND and JOURNAL_BROKEN
 */
export async function startValidator(options: ValidatorOptions, deps: ValidatorDeps): Promise<Validator> {
  const { chain, signer, queue, clock, logger, onEvent } = deps;
  const { assignments, protocol = "btauth/1", doppelgangerEpochs = 0, shadow } = options;
  const { genesis } = chain.identity;
  const failed = new AbortController();
  const signal = AbortSignal.any([deps.signal, failed.signal]);
  checkAssignments(assignments, protocol);
  const netuids = [...new Set(assignments.map(({ netuid }) => netuid))];

  const journal = openJournal({ path: deps.journalPath, genesis, hotkey: signer.address });
  const opened: { close(): unknown }[] = [journal];
  try {
    const script = options.workers > 0 ? processEntry("cli") : "";
    const subjects = new Map(netuids.map((netuid) => [netuid, mechanismsOf(assignments, netuid)]));
    const permit = await openSigningPermit(
      { subjects, doppelgangerEpochs, shadow },
      { chain, signer, weights: journal.weights, queue, clock, logger, signal, onEvent },
    );
    if (!permit) return notStarted(journal);
    opened.unshift(permit);
    const scorers = await openScorers(assignments, deps.openScorer, opened);
    const scopes = await openScopes(assignments, { genesis, signer, queue }, opened);

    const readers = new Map(netuids.map((netuid) => [netuid, new RulesReader(chain, netuid)]));
    const secrets = new Map(
      netuids.map((netuid) => [
        netuid,
        new SecretKeeper({ chain, signer, epochs: journal.epochs, logger, shadow, signal }),
      ]),
    );
    const lanes = new Map<string, Lane>();
    for (const assignment of assignments) {
      const { netuid, mechanism, template } = assignment;
      const troubles = new Troubles({ netuid, mechanism }, { logger, onEvent });
      const planner = createPlanner(assignment, options, {
        ...{
          chain,
          signer,
          journal,
          sources: deps.sources ?? {},
          rerunModel: deps.rerunModel,
          runGraph: deps.runGraph,
          readFeed: deps.readFeed,
          oracleKey: deps.oracleKey,
          clock,
          logger,
          signal,
          onEvent,
          troubles,
        },
        maySign: permit.maySign,
        scope: scopes.find((scope) => isOf(scope, assignment))!,
        scorer: scorers.get(template)!,
        secrets: secrets.get(netuid)!,
      });
      const lane: Lane = new Lane(
        async (what) => {
          const rules = await readers.get(netuid)!.read();
          if (what === "all") await planner.look(rules);
          else if (await planner.ask(rules)) lane.want("all");
          deps.onLook?.();
        },
        { clock, logger, troubles },
      );
      lanes.set(nameOf(assignment), lane);
      const { id, version } = template;
      onEvent({
        event: "validator.started",
        ...{ netuid, mechanism, hotkey: signer.address, template: id, version },
      });
    }

    const workers = startWorkers(script, options, deps, signal);
    const parts = [
      permit.watch(signal),
      ...scopes.map(({ announcement, key, collect, template }) =>
        Promise.all([
          announce({ ...announcement, allowPrivate: options.allowPrivate, protocol }, key, {
            connect: queue,
            signal,
          }),
          takeAnswers(collect, {
            ...{ journal, template, netuid: announcement.netuid, signal, onEvent },
            onComplete: (of) => lanes.get(nameOf(of))?.want("all"),
          }),
        ]),
      ),
      ...[...lanes.values()].map((lane) => lane.run(signal)),
      followBlocks(
        chain,
        { lanes: [...lanes.values()], readers: [...readers.values()] },
        { clock, logger, signal, onEvent },
      ),
      ...workers.map(({ stopped }) => stopped),
    ].map((part) =>
      part.catch((error: unknown) => {
        failed.abort();
        throw error;
      }),
    );
    return {
      journal,
      workerPids: () => workers.flatMap(({ pid }) => pid() ?? []),
      queueStats: () => readQueueStats(scopes.flatMap(({ dispatch, collect }) => [dispatch, collect])),
      stopped: untilAllEnd(parts, opened, signal),
    };
  } catch (error) {
    for (const part of opened) await part.close();
    throw error;
  }
}

/** Told to stop while another planner had the lease. */
function notStarted(journal: Journal): Validator {
  journal.close();
  return { journal, workerPids: () => [], queueStats: () => readQueueStats([]), stopped: Promise.resolve() };
}

async function openScorers(
  assignments: readonly Assignment[],
  open: ValidatorDeps["openScorer"],
  opened: { close(): unknown }[],
): Promise<Map<SubnetTemplate, Scorer>> {
  const scorers = new Map<SubnetTemplate, Scorer>();
  for (const { template } of assignments) {
    if (scorers.has(template)) continue;
    const scorer = open ? await open(template) : inlineScorer(template);
    opened.unshift(scorer);
    scorers.set(template, scorer);
  }
  return scorers;
}

function startWorkers(
  script: string,
  { workers, workerArgs = [], workerPassword }: ValidatorOptions,
  { chain, queue, clock, logger, onEvent }: ValidatorDeps,
  signal: AbortSignal,
) {
  const message = {
    // By no argument: it holds passwords.
    ...{ queue: queue.url, genesis: chain.identity.genesis },
    ...(workerPassword && { secret: Buffer.from(workerPassword.revealBytes()).toString("base64") }),
  };
  return Array.from({ length: workers }, () =>
    startRestartingProcess(
      {
        script,
        args: ["validator", "worker", "--supervised", ...workerArgs],
        message,
        onStart: (pid) => onEvent({ event: "worker.started", pid }),
        onEnd: (pid, how) => onEvent({ event: "worker.stopped", pid, how }),
      },
      { clock, logger, signal },
    ),
  );
}

function mechanismsOf(assignments: readonly Assignment[], netuid: Netuid): number[] {
  return assignments.filter((assignment) => assignment.netuid === netuid).map(({ mechanism }) => mechanism);
}

function isOf({ announcement }: Scope, { netuid, template }: Assignment): boolean {
  return announcement.netuid === netuid && announcement.template === template.id;
}

function nameOf({ netuid, mechanism }: { netuid: Netuid; mechanism: number }): string {
  return `${netuid}/${mechanism}`;
}

/**
 * One part's failure stops the others; its error is what the caller gets. A call that the chain has not included yet
 * is not waited for: its bytes are in the journal, and the next start looks for them.
 */
async function untilAllEnd(
  parts: Promise<unknown>[],
  opened: { close(): unknown }[],
  signal: AbortSignal,
): Promise<void> {
  const late = new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => setTimeout(resolve, STOP_MS).unref(), { once: true });
  });
  // Those that fail because another one did come after it; some may never end.
  let failure: { reason: unknown } | undefined;
  const ended = parts.map((part) =>
    part.catch((reason: unknown) => {
      failure ??= { reason };
    }),
  );
  await Promise.race([Promise.all(ended), late]);
  for (const part of opened) await part.close();
  if (failure) throw failure.reason;
}
