import { resolve } from "node:path";
import { openSubstrateChain } from "../shared/chain/substrate-chain.ts";
import { systemClock } from "../shared/clock.ts";
import { readOracleKey } from "../shared/keys/oracle-key.ts";
import { createLogger, type LogLevel } from "../shared/logger.ts";
import { startPrivateRedis } from "../shared/queue/private-redis.ts";
import type { AskProtocol } from "../validator/asking.ts";
import type { ValidatorEvent } from "../validator/events.ts";
import { ownAddresses } from "../validator/own-addresses.ts";
import type { Sampling } from "../validator/sampling.ts";
import { type FeedPlaces, readFeed } from "../validator/truth/read-feed.ts";
import { type Assignment, startValidator } from "../validator/validator.ts";
import { type AddressArgs, addressRules, addressWords } from "./address-options.ts";
import { createLines } from "./dev/dev-lines.ts";
import { unlockSigner, type WalletArgs } from "./load-signer.ts";
import { assertDevKeyAllowed, chainAt, isLocal, publicNetwork } from "./networks.ts";
import { openScorer } from "./open-scorer.ts";
import { isTraced, queueUrl } from "./options.ts";
import { templateCode } from "./template-code.ts";
import { loadTemplate, originOf } from "./template-folder/load-template.ts";
import type { SubnetAssignment } from "./validator/assignments.ts";
import { createAuditor } from "./validator/create-auditor.ts";
import { createGraphRunner } from "./validator/run-graph.ts";
import { serveResultsBeside } from "./validator/serve-results.ts";
import { ValidatorWatch, type WatchArgs } from "./watch-validator.ts";
import { watchWallet } from "./watch-wallet.ts";

/** The parsed flags of `subforge validator run`. */
export type RunValidatorArgs = WalletArgs & {
  json: boolean;
  logLevel: LogLevel;
  network: string;
  /** From `assignmentsOf`. */
  subnets: readonly SubnetAssignment[];
  sampling: Sampling;
  shadow: boolean;
  doppelgangerEpochs: number | undefined;
  burnShare: number;
  queue: string | undefined;
  workers: number;
  targetsPerJob: number;
  data: string;
  queuePrivateNetwork: boolean;
  trace: boolean | undefined;
  allowPrivate: boolean | undefined;
  protocol: AskProtocol;
  /** From `truthFeedsOf`. */
  truthFeeds: FeedPlaces;
  oracleKey: string | undefined;
  resultsPort: number | undefined;
  resultsHost: string;
} & AddressArgs &
  Omit<WatchArgs, "logLevel">;

/**
 * Opens what a validator needs, runs it, prints what happens (with --json one line per event), and returns when it was
 * told to stop and has.
 *
 * @throws what `unlockSigner`, `openSubstrateChain`, `startPrivateRedis` and `startValidator` throw
 */
export async function runValidator(args: RunValidatorArgs, signal: AbortSignal): Promise<void> {
  const logger = createLogger("planner", args.logLevel);
  addressRules(args); // workers would fail by them, again and again
  const at = chainAt(args.network);
  const assignments = await Promise.all(args.subnets.map(toAssignment));
  watchWallet(args, { logger, signal });
  const { signer, password } = await unlockSigner(args);
  const oracleKey = args.oracleKey === undefined ? undefined : await readOracleKey(args.oracleKey);
  const watch = new ValidatorWatch(args, { logger, print: printer(args.json) });
  signal.addEventListener("abort", () => watch.stopping(), { once: true });
  const chain = await openSubstrateChain(at, logger, { meter: watch.metrics.chain });
  const ended = new AbortController();
  const stopping = AbortSignal.any([signal, ended.signal]);
  let redisStopped: Promise<void> | undefined;
  let resultsStopped: Promise<void> | undefined;
  const closing: { close(): Promise<void> }[] = [];
  try {
    const { genesis } = chain.identity;
    if (args.devKey !== undefined) assertDevKeyAllowed(genesis, ...at.endpoint);
    const data = resolve(args.data);
    let url = queueUrl(args);
    if (url === undefined) {
      // It outlives the validator's own signal: workers hand back what they have before it goes.
      const redis = await startPrivateRedis({ folder: resolve(data, "redis"), signal: ended.signal, logger });
      url = redis.url;
      redisStopped = redis.stopped;
    }
    const isOwn = at.endpoint.every(isLocal) && publicNetwork(genesis) === undefined;
    const allowPrivate = args.allowPrivate ?? isOwn;
    const journalPath = resolve(data, "journal.db");
    const { stalled } = await watch.open(chain, journalPath);
    const rules = addressRules(args);
    const callable = { allowPrivate, own: [...ownAddresses(), ...rules.ownAddresses], ports: rules.ports };
    const auditor = createAuditor(
      { folder: resolve(data, "models"), allowPrivate, ...rules },
      { chain, signer, logger },
    );
    const graphs = createGraphRunner(logger);
    closing.push(auditor, graphs);
    const validator = await startValidator(
      {
        assignments,
        workers: args.workers,
        workerArgs: [...workerArgs(args), ...templateArgs(assignments)],
        workerPassword: password,
        allowPrivate,
        protocol: args.protocol,
        targetsPerJob: args.targetsPerJob,
        sampling: args.sampling,
        shadow: args.shadow,
        doppelgangerEpochs: args.doppelgangerEpochs ?? (isOwn ? 0 : 1),
        burnShare: args.burnShare,
      },
      {
        chain,
        signer,
        oracleKey,
        journalPath,
        queue: { url, privateNetwork: args.queuePrivateNetwork, trace: isTraced(args), logger },
        rerunModel: (netuid, request, signal) => auditor.run(netuid, request, signal),
        runGraph: (request, signal) => graphs.run(request, signal),
        readFeed: (point, signal) => readFeed(point, { places: args.truthFeeds, policy: callable }, signal),
        openScorer: (template) => openScorer(template, logger),
        clock: systemClock,
        logger,
        signal: stopping,
        onEvent: (event) => watch.onEvent(event),
        onLook: () => watch.onLook(),
      },
    );
    if (!signal.aborted) watch.started(validator);
    resultsStopped = serveResultsBeside(args, {
      ...{ logger, signal: stopping, onEvent: (event) => watch.onEvent(event) },
    });
    await Promise.race([validator.stopped, stalled.then(() => validator.stopped)]);
  } finally {
    ended.abort();
    await watch.close();
    for (const part of closing) await part.close();
    await resultsStopped;
    await redisStopped;
    await chain.close();
  }
}

async function toAssignment({
  netuid,
  mechanism,
  template: name,
  config,
}: SubnetAssignment): Promise<Assignment> {
  const template = await loadTemplate(name);
  return { netuid, mechanism, template, config: template.parseConfig(config), code: templateCode(template) };
}

/** Where a worker finds the wallet. Never a secret: arguments can be read by everybody on the machine. */
function workerArgs(args: RunValidatorArgs): string[] {
  const wallet =
    args.devKey !== undefined
      ? ["--dev-key", args.devKey]
      : [
          ...["--wallet", args.wallet, "--hotkey", args.hotkey, "--wallet-path", args.walletPath],
          ...(args.allowUnsafeKeyfile ? ["--allow-unsafe-keyfile"] : []),
        ];
  const link = [
    ...(args.queuePrivateNetwork ? ["--queue-private-network"] : []),
    ...(isTraced(args) ? ["--trace"] : []),
  ];
  const stall = ["--max-stall", String(args.maxStallS), "--log-level", args.logLevel];
  return [...wallet, ...link, ...addressWords(args), ...stall];
}

/** What a worker cannot find by its name. */
function templateArgs(assignments: readonly Assignment[]): string[] {
  const files = assignments.flatMap(({ template }) => originOf(template)?.file ?? []);
  return [...new Set(files)].flatMap((file) => ["--template-file", file]);
}

function printer(json: boolean): (event: ValidatorEvent) => void {
  const toLine = json ? JSON.stringify : createLines();
  return (event) => {
    const line = toLine(event);
    if (line !== undefined) process.stdout.write(`${line}\n`);
  };
}
