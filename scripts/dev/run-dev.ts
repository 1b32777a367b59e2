import { once, setMaxListeners } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startLocalNode } from "../../localnet/node/local-node.ts";
import { startMiner } from "../../miner/miner.ts";
import { type Metagraph, neuronByHotkey } from "../../shared/chain/metagraph.ts";
import type { OperatorChain } from "../../shared/chain/operator-chain.ts";
import { sendCall } from "../../shared/chain/send-call.ts";
import { openSubstrateChain } from "../../shared/chain/substrate-chain.ts";
import { systemClock } from "../../shared/clock.ts";
import { SubforgeError } from "../../shared/errors.ts";
import { Keypair, keysReady } from "../../shared/keys/keypair.ts";
import { createLogger, type Logger } from "../../shared/logger.ts";
import { processEntry } from "../../shared/process-entry.ts";
import { startPrivateRedis } from "../../shared/queue/private-redis.ts";
import { startRestartingProcess } from "../../shared/restarting-process.ts";
import { AXON_URI } from "../../shared/rules/model-uri.ts";
import type { SubnetTemplate } from "../../shared/template.ts";
import type { Netuid } from "../../shared/types.ts";
import type { ValidatorEvent } from "../../validator/events.ts";
import type { GlobalArgs } from "../options.ts";
import { createOutput } from "../output.ts";
import { loadTemplate, originOf } from "../template-folder/load-template.ts";
import { createChangingValidator } from "./changing-validator.ts";
import { createLines, paidLines } from "./dev-lines.ts";
import { type DevOutcome, DevReport, type ReportedMiner, toOutcome } from "./dev-report.ts";
import { createDevSubnet, DEV_KEYS, type DevMinerKeys, devBalances, minerKeys } from "./dev-subnet.ts";
import { createLiveTemplate } from "./live-template.ts";
import { type DevMiner, populationOf } from "./population.ts";
import { readEvidence } from "./read-evidence.ts";
import { readResults, resultLines } from "./read-results.ts";
import { startSilentMiner } from "./silent-miner.ts";
import { watchTemplate } from "./watch-template.ts";

const HOST = "127.0.0.1";

/**
 * The chain refuses 127.0.0.1 as the address of an axon, on a development chain too. The same address in its
 * IPv6 spelling is accepted, and readers turn it back.
 */
const LOOPBACK_ON_CHAIN = "::ffff:127.0.0.1";

/** Epochs that may pass without weights before `--epochs` gives up: the first two of a start always do. */
const SPARE_EPOCHS = 8;

/** How often a miner looks who holds a permit: seldom beside an epoch, often beside its first question. */
const REFRESH_BLOCKS = 8;

export type DevOptions = GlobalArgs & {
  template: string;
  config: unknown;
  epochs: number | undefined;
  adversaries: string | undefined;
  /** Blocks per epoch. Default: as much as the template's stages need here. */
  tempo: number | undefined;
  commitReveal: boolean;
  blockTime: number;
  port: number;
  workers: number;
  /** Of the consumer endpoint, where the template publishes something; 0: any free one. */
  resultsPort: number;
  data: string | undefined;
  /** Redis to use; undefined starts a private one. */
  queue: string | undefined;
};

/** Answers alone take a third of it. */
const TEMPO = 72;
/** An epoch is shared out among its stages: where answers are opened, run again and disputed, each needs some seconds. */
const TEMPO_WITH_RUNS = 240;

/** Parts that stop together: they get the signal, and leave a promise that resolves when they are gone. */
type Layer = { stop: AbortController; stopped: Promise<unknown>[] };

/**
 * The whole product on one machine, until the signal aborts or `epochs` weight vectors were verified and paid.
 *
 * @throws SubforgeError of any part that cannot start; whatever had started is stopped first
 */
export async function runDev(options: DevOptions, deps: { signal: AbortSignal }): Promise<void> {
  const logger = createLogger("dev", options.logLevel);
  const folder = options.data ?? (await mkdtemp(join(tmpdir(), "subforge-dev-")));
  const ground = createLayer(); // chain and Redis
  const actors = createLayer(); // miners and validator, which stand on it
  let outcome: DevOutcome | undefined;
  try {
    outcome = await runLoop(options, { logger, folder, ground, actors, signal: deps.signal });
  } catch (error) {
    if (!deps.signal.aborted) throw error; // Ctrl+C while something was still starting
  } finally {
    for (const layer of [actors, ground]) {
      layer.stop.abort();
      await Promise.allSettled(layer.stopped);
    }
    if (!options.data) await rm(folder, { recursive: true, force: true });
  }
  if (!outcome) return; // stopped before it had begun
  const { length: verified } = outcome.epochs;
  createOutput(options).result(outcome, [
    ...(outcome.results ? resultLines(outcome.results) : []),
    `stopped  ${verified} epochs with verified weights`,
  ]);
}

/** A line for people: on stdout, or beside the document on stderr. */
type Say = (line: string) => void;

type Deps = { logger: Logger; folder: string; ground: Layer; actors: Layer; signal: AbortSignal };

async function runLoop(given: DevOptions, deps: Deps): Promise<DevOutcome> {
  const { logger, folder, ground, actors, signal } = deps;
  const say = given.json ? (line: string) => process.stderr.write(`${line}\n`) : createOutput(given).line;
  await keysReady();
  const loaded = await loadTemplate(given.template);
  const runsGraphs = Object.values(loaded.sources ?? {}).some(({ execute }) => execute);
  const options = { ...given, tempo: given.tempo ?? (runsGraphs ? TEMPO_WITH_RUNS : TEMPO) };
  const live = createLiveTemplate(loaded);
  const config = loaded.parseConfig(options.config); // a wrong knob is said before anything starts
  const population = await populationOf(loaded, listOf(options.adversaries ?? ""), presetOf(config));
  const keys = population.map((_, index) => minerKeys(index + 1));

  const node = await startLocalNode({
    host: HOST,
    port: options.port,
    mode: { kind: "interval", ms: options.blockTime },
    genesis: { balances: devBalances(keys) },
    logger,
  });
  ground.stopped.push(closedAfter(ground.stop.signal, () => node.close()));
  const queue = options.queue ?? (await startQueue(deps));
  const chain = await openSubstrateChain({ endpoint: node.endpoint }, logger);
  actors.stopped.push(closedAfter(actors.stop.signal, () => chain.close()));
  say(
    `chain    ${node.endpoint}  a block every ${options.blockTime} ms, an epoch every ${options.tempo} blocks`,
  );
  signal.throwIfAborted();

  const { netuid } = await createDevSubnet(chain, { ...options, miners: keys });
  say(
    `subnet   ${netuid}  ${loaded.id} ${loaded.version}: ${population.length} miners, validator ${DEV_KEYS.validatorHotkey}`,
  );
  signal.throwIfAborted();
  const refreshMs = Math.max(1_000, REFRESH_BLOCKS * options.blockTime);
  await startMiners({ chain, netuid, template: live.template, population, keys, say, refreshMs }, deps);
  signal.throwIfAborted();

  const report = new DevReport(
    reportedMiners(population, keys, await chain.metagraph(netuid)),
    readEvidence(join(folder, "validator", "journal.db"), netuid),
  );
  const toLine = createLines();
  let resultsUrl: string | undefined;
  const at = { endpoint: node.endpoint, netuid, folder };
  const startValidator = (template: SubnetTemplate, ended: AbortSignal) =>
    startRestartingProcess(
      {
        script: processEntry("cli"),
        args: [
          ...validatorArgs({ ...options, template: originOf(template)?.file ?? template.id }, at),
          ...(template.publish ? ["--results-port", String(options.resultsPort)] : []),
        ],
        // The queue's password must not be an argument: anybody on the machine can read those.
        env: { ...inherited(), SUBFORGE_QUEUE: queue },
        onLine: (line) => {
          const event = onEvent(line, { report, say, toLine });
          if (event.event === "results.served") resultsUrl = event.url;
          changing.onEvent(event);
        },
      },
      { clock: systemClock, logger, signal: ended },
    );
  const changing = createChangingValidator(loaded, {
    ...{ start: startValidator, say, signal: actors.stop.signal },
    replace: (next) => live.replace(next),
  });
  actors.stopped.push(changing.stopped);
  const watched = { path: options.template, template: loaded, config: options.config };
  const onReady = (next: SubnetTemplate) => changing.change(next);
  actors.stopped.push(watchTemplate(watched, { say, onReady, signal: actors.stop.signal }));

  const { epochIndex: first } = await chain.subnetRules(netuid);
  for await (const _ of chain.heads(signal)) {
    const { epochIndex } = await chain.subnetRules(netuid);
    const paid = report.paid(epochIndex, await chain.metagraph(netuid));
    for (const line of paid.flatMap(paidLines)) say(line);
    if (options.epochs === undefined) continue;
    const { length: verified } = report.epochs;
    if (verified >= options.epochs) break;
    if (epochIndex - first > options.epochs + SPARE_EPOCHS) {
      throw new SubforgeError("DEV_STALLED", {
        wanted: options.epochs,
        verified,
        passed: epochIndex - first,
      });
    }
  }
  const { genesisHash: genesis } = node;
  const validator = Keypair.fromUri(DEV_KEYS.validatorHotkey).address;
  const results = resultsUrl === undefined ? null : await readResults(resultsUrl, { genesis, validator });
  const { tempo, blockTime: blockMs } = options;
  return toOutcome(report, { subnet: loaded.id, netuid, genesis, tempo, blockMs, results });
}

async function startQueue({ folder, ground, logger }: Deps): Promise<string> {
  const redis = await startPrivateRedis({
    folder: join(folder, "redis"),
    signal: ground.stop.signal,
    logger,
  });
  ground.stopped.push(redis.stopped);
  return redis.url;
}

async function startMiners(
  setting: {
    chain: OperatorChain;
    netuid: Netuid;
    template: SubnetTemplate;
    population: readonly DevMiner[];
    keys: readonly DevMinerKeys[];
    say: Say;
    /** How often a miner looks who may call it. */
    refreshMs: number;
  },
  { logger, actors }: Deps,
): Promise<void> {
  const { signal } = actors.stop;
  const { chain, netuid, template, population, keys, say, refreshMs } = setting;
  // Where validators look at models again, miners say on chain which one they serve.
  const commitsModels = Object.values(template.sources ?? {}).some(({ rerun }) => rerun);
  const start = (isHonest: boolean) =>
    Promise.all(
      population.map(async ({ name, quality, model, isSilent, agent }, index) => {
        if (isHonest !== (agent === undefined)) return;
        const { hotkey } = keys[index]!;
        if (isSilent) {
          const silent = await startSilentMiner(signal);
          actors.stopped.push(silent.stopped);
          await sendCall(
            chain,
            { kind: "serveAxon", netuid, ip: LOOPBACK_ON_CHAIN, port: silent.port },
            hotkey,
          );
          say(`miner    ${name.padEnd(12)} answers nothing`);
          return;
        }
        const miner = await startMiner(
          {
            netuid,
            host: HOST,
            port: 0,
            modelPath: model?.path,
            commitModel: model && commitsModels ? AXON_URI : undefined,
            announce: { ip: LOOPBACK_ON_CHAIN, port: 0 },
            refreshMs,
            agent,
          },
          { chain, signer: hotkey, template, logger, clock: systemClock, signal },
        );
        actors.stopped.push(miner.stopped);
        say(`miner    ${name.padEnd(12)} quality ${quality.toFixed(2)}  uid ${miner.uid}  ${miner.url}`);
      }),
    );
  await start(true);
  await start(false); // whoever commits to somebody's model commits after its owner
}

function reportedMiners(
  population: readonly DevMiner[],
  keys: readonly DevMinerKeys[],
  metagraph: Metagraph,
): ReportedMiner[] {
  return population.map(({ name, quality, role, agent }, index) => {
    const hotkey = keys[index]!.hotkey.address;
    return {
      name,
      hotkey,
      uid: neuronByHotkey(metagraph, hotkey)!.uid,
      quality,
      role,
      isAdversary: agent !== undefined,
    };
  });
}

function validatorArgs(
  options: DevOptions,
  at: { endpoint: string; netuid: Netuid; folder: string },
): string[] {
  return [
    "validator",
    "run",
    "--json",
    ...["--network", at.endpoint],
    ...["--netuid", String(at.netuid)],
    ...["--template", options.template],
    ...["--config", JSON.stringify(options.config)],
    ...["--dev-key", DEV_KEYS.validatorHotkey],
    ...["--doppelganger-epochs", "0"], // nobody else is on this chain
    ...["--workers", String(options.workers)],
    ...["--data", join(at.folder, "validator")],
    ...["--log-level", options.logLevel],
  ];
}

function onEvent(
  line: string,
  { report, say, toLine }: { report: DevReport; say: Say; toLine: ReturnType<typeof createLines> },
): ValidatorEvent {
  const event = JSON.parse(line) as ValidatorEvent;
  if (event.event === "epoch.scored") report.scored(event.epoch, event.scores);
  if (event.event === "weights.verified") report.verified(event);
  const text = toLine(event);
  if (text) say(text);
  return event;
}

function createLayer(): Layer {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal); // a listener for each miner and more
  return { stop, stopped: [] };
}

/** Resolves when `close` is done after the signal aborted. */
async function closedAfter(signal: AbortSignal, close: () => Promise<void>): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
  await close();
}

/** What a child may know of our environment: where programs and temporary files are. */
function inherited(): Record<string, string> {
  const names = ["PATH", "HOME", "TMPDIR", "LANG"];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

/** Of a template whose configuration names one. */
function presetOf(config: unknown): string | undefined {
  const { preset } = (config ?? {}) as { preset?: unknown };
  return typeof preset === "string" ? preset : undefined;
}

function listOf(text: string): string[] {
  return text.split(",").filter(Boolean);
}
