import type { Chain } from "../shared/chain/chain.ts";
import { type Clock, systemClock } from "../shared/clock.ts";
import { type Keypair, keysReady } from "../shared/keys/keypair.ts";
import type { Logger } from "../shared/logger.ts";
import { serveMetrics } from "../shared/metrics/metrics-server.ts";
import { AXON_URI } from "../shared/rules/model-uri.ts";
import type { Agent, MinerContext, SubnetTemplate } from "../shared/template.ts";
import type { Hotkey, Netuid, Rao, Uid } from "../shared/types.ts";
import { DEFAULT_WINDOW } from "../shared/wire/btauth.ts";
import type { ProtocolId } from "../shared/wire/protocol.ts";
import { PROTOCOLS } from "../shared/wire/protocols.ts";
import type { Announcement } from "./announce.ts";
import { type AnnounceOptions, Announcer, type AnnouncerChain } from "./announcer.ts";
import { createAnswering } from "./answering.ts";
import { Axon } from "./axon.ts";
import { type AxonLimits, DEFAULT_AXON_LIMITS } from "./axon-limits.ts";
import { DEFAULT_CALLER_POLICY } from "./caller-policy.ts";
import type { CommitterChain } from "./commit-data.ts";
import { createDataCommitter } from "./data-committer.ts";
import { HandedOutModels } from "./handed-out-models.ts";
import { DEFAULT_CUDA, type Device } from "./inference/device.ts";
import { GraphRunner } from "./inference/graph-runner.ts";
import { type ModelEntry, ModelShelf, type ShelfOptions } from "./inference/model-shelf.ts";
import { DEFAULT_POOL_OPTIONS } from "./inference/pool.ts";
import type { ServedModel } from "./inference/served-model.ts";
import { type LocalPortOptions, openLocalPort } from "./local-port.ts";
import { MetagraphView } from "./metagraph-view.ts";
import { MinerMetrics } from "./metrics.ts";
import { type CommittedModel, ModelCommitter } from "./model-committer.ts";
import { modelFileRoute } from "./model-file-route.ts";
import { oipInferRoutes, oipPages } from "./oip/oip-routes.ts";
import { openReplayStore, type SharedReplayStore } from "./open-replay-store.ts";
import { openApiPage } from "./openapi.ts";
import { type MinerParts, readState } from "./read-state.ts";
import { reportEveryMinute } from "./status-line.ts";
import { templateRoutes } from "./template-routes.ts";
import { v10Routes } from "./v10-route.ts";
import { MinerWorkshop } from "./workshop.ts";

export type MinerOptions = {
  netuid: Netuid;
  /** Address to listen on. Default 127.0.0.1: nobody outside is served by accident. */
  host?: string;
  /** 0 for any free one. */
  port: number;
  /** One model, served as `default`. Neither this nor `models`: a template that needs no model. */
  modelPath?: string | undefined;
  /** Models by name; the template uses the first. */
  models?: readonly ModelEntry[] | undefined;
  /** Another listener for the operator's own programs, without signatures; undefined opens none. */
  localPort?: LocalPortOptions | undefined;
  /** What is published on chain; undefined publishes nothing. Port 0 stands for the one that is listened on. */
  announce?: AnnounceOptions | undefined;
  /**
   * Commits the hash of the first model on chain, and where the file lies: https, or `axon:` for the miner itself, which
   * then hands it out to whoever may ask it. Default: nothing is committed.
   */
  commitModel?: string | undefined;
  /** Prometheus text on loopback, 0 for any free port; undefined serves none. */
  metricsPort?: number | undefined;
  /** Of this program, for the metrics. */
  version?: string;
  callers?: {
    /** Default true. */
    requirePermit?: boolean;
    minStakeRao?: Rao;
    /** Welcome without registration. */
    allow?: readonly Hotkey[];
    deny?: readonly Hotkey[];
  };
  /** How often the chain is asked who is there. Default 12 s, one block. */
  refreshMs?: number;
  limits?: Partial<AxonLimits>;
  /** Remembers what was answered, for several processes of this hotkey and over restarts. Default: own memory. */
  replayStore?: SharedReplayStore | undefined;
  /** Which conventions callers may sign in. Default btauth/1 alone; the others protect less. */
  protocols?: readonly ProtocolId[] | undefined;
  /** Device, processes, batches, whether files are watched. The defaults suit one small model on the CPU. */
  inference?: Partial<ShelfOptions>;
  /** A behaviour around the honest answer: adversaries of `dev` and of tests. */
  agent?: Agent | undefined;
};

export type MinerDeps = {
  chain: Pick<Chain, "metagraph"> & AnnouncerChain & CommitterChain;
  signer: Keypair;
  template: Pick<SubnetTemplate, "id" | "synapses">;
  logger: Logger;
  clock?: Clock;
  /** Ends the miner: it drains, and `stopped` resolves within 10 s. */
  signal: AbortSignal;
};

export type RunningMiner = {
  url: string;
  uid: Uid;
  /** Where the first model really runs, undefined without one. */
  device: Device | undefined;
  models: readonly ServedModel[];
  metrics: MinerMetrics;
  localUrl: string | undefined;
  metricsUrl: string | undefined;
  /** What the chain shows when this resolves; undefined when it shows nothing of ours yet. */
  announced: Announcement | undefined;
  /** What the chain shows of our model when this resolves; undefined when it shows nothing of ours. */
  committed: CommittedModel | undefined;
  /**
   * Serves what every model's file holds now. A file that cannot take the place of its model leaves it as it is.
   *
   * @throws SubforgeError what `ModelShelf.replace` throws, for the first model that fails
   */
  reload(): Promise<void>;
  stopped: Promise<void>;
};

/** Of a model that was given without a name. */
export const DEFAULT_MODEL_NAME = "default";
const DEFAULT_REFRESH_MS = 12_000;
const DEFAULT_PROTOCOLS: readonly ProtocolId[] = ["btauth/1"];
/** Part of the 10 s within which a process stops. */
const DRAIN_MS = 7_000;

/**
 * Serves a template to the validators of one subnet. Resolves when questions are taken; the rest happens in the
 * background until the signal aborts.
 *
 * @throws SubforgeError MINER_NOT_REGISTERED, PORT_IN_USE, PORT_FORBIDDEN, MINER_ANNOUNCE_FAILED, MODEL_NOT_COMMITTABLE, what
 * `ModelShelf.start`, `openReplayStore` and `openLocalPort` throw, and what the chain throws
 */
export async function startMiner(options: MinerOptions, deps: MinerDeps): Promise<RunningMiner> {
  const { netuid, host = "127.0.0.1", refreshMs = DEFAULT_REFRESH_MS } = options;
  const { protocols = DEFAULT_PROTOCOLS } = options;
  const { chain, signer, template, logger, signal, clock = systemClock } = deps;
  const { version = "unknown" } = options;
  await keysReady();
  const { view, self } = await MetagraphView.open(netuid, signer.address, { chain, clock, logger });
  const metrics = new MinerMetrics(version);
  const axon = await Axon.listen(
    {
      ...{ host, port: options.port, limits: options.limits },
      protocols: protocols.map((id) => PROTOCOLS[id].protocol),
    },
    {
      ...{ signer, logger, clock, metrics },
      policy: policyFrom(options.callers, signer.address),
      view: () => view.callers,
      renewedView: () => view.renewed(),
    },
  );
  const parts: MinerParts = { view };
  const failed = new AbortController();
  try {
    const { bodyTimeoutMs } = { ...DEFAULT_AXON_LIMITS, ...options.limits };
    parts.store = openReplayStore(
      // not before nobody else can listen here
      { receiver: signer.address, protocols, bodyTimeoutMs, shared: options.replayStore },
      { clock, logger, signal: AbortSignal.any([signal, failed.signal]) },
    );
    parts.store.catch(() => undefined); // looked at below
    parts.shelf = await openShelf(options, { logger, clock, signal, meter: metrics });
    const store = await parts.store;
    const isReady = () => (parts.shelf?.all ?? []).every((model) => model.isReady);
    const models = parts.shelf ?? { all: [] };
    const graphs = new GraphRunner(graphOptions(options.inference), logger);
    parts.graphs = graphs;
    const runGraph: MinerContext["runGraph"] = (graph, feeds) => graphs.run(graph, feeds);
    const isTaken = options.commitModel !== undefined;
    const commit = createDataCommitter(netuid, isTaken, { chain, signer, clock, logger, signal });
    parts.workshop = new MinerWorkshop({ signal, runGraph, commit }, logger);
    const answering = createAnswering(template, {
      hotkey: signer.address,
      models: { get: (name) => parts.shelf?.get(name) },
      ports: parts.shelf && portsOf(parts.shelf),
      agent: options.agent,
      ...{ workshop: parts.workshop, runGraph },
    });
    const routes = [...templateRoutes(template, answering), ...oipInferRoutes(models)];
    if (protocols.includes("v10")) routes.push(...v10Routes(template, answering, signer.address));
    const { commitModel } = options;
    if (commitModel !== undefined && parts.shelf) {
      const { shelf } = parts;
      if (commitModel === AXON_URI) parts.handedOut = await HandedOutModels.open();
      const { handedOut } = parts;
      if (handedOut) routes.push(modelFileRoute(handedOut, () => clock.nowMs()));
      parts.committer = new ModelCommitter(netuid, commitModel, {
        ...{ chain, signer, model: () => shelf.first, handedOut, clock, logger, signal },
      });
    }
    const pages = parts.shelf ? oipPages(models, version, () => isReady() && !signal.aborted) : [];
    pages.push(openApiPage({ routes, pages: [...pages], template, models, protocols, version }));
    axon.serve({ routes, pages, store, isReady });
    if (options.localPort) {
      parts.local = await openLocalPort(options.localPort, { models, version, isReady, logger, clock });
    }
    if (options.metricsPort !== undefined) parts.page = await serveMetrics({ metrics }, options.metricsPort);
    if (options.announce) {
      const address = { ...options.announce, port: options.announce.port || axon.port };
      parts.announcer = new Announcer(netuid, address, { chain, view, signer, clock, logger, signal });
      await parts.announcer.open(self);
    }
    await parts.committer?.open();
  } catch (error) {
    failed.abort(); // the store waits for nobody any more
    await Promise.all([axon.drain(0), closeAll(parts, 0)]);
    throw error;
  }
  const { shelf, announcer, committer } = parts;
  metrics.onScrape(() => readState(metrics, parts, clock.nowMs()));
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${axon.port}`;
  const device = shelf?.get()?.device;
  logger.info("miner.ready", { url, uid: self.uid, netuid, template: template.id, device });
  return {
    ...{ url, uid: self.uid, device, models: shelf?.all ?? [], metrics },
    ...{ metricsUrl: parts.page?.url, localUrl: parts.local?.url },
    announced: announcer?.isShown ? announcer.address : undefined,
    committed: committer?.shown,
    reload: async () => {
      for (const { name } of shelf?.all ?? []) await shelf?.replace(name);
    },
    stopped: serveUntilAborted(),
  };

  async function serveUntilAborted(): Promise<void> {
    const following = view.follow(refreshMs, signal, async (row) => {
      await announcer?.seen(row);
      if (row) await committer?.look();
    });
    const reporting = reportEveryMinute({
      ...{ tally: axon.tally, metrics, window: DEFAULT_WINDOW, logger, clock, signal },
      models: () => shelf?.stats ?? [],
    });
    await new Promise((resolve) => {
      if (signal.aborted) resolve(undefined);
      else signal.addEventListener("abort", resolve, { once: true });
    });
    await Promise.all([axon.drain(DRAIN_MS), parts.local?.drain(DRAIN_MS)]);
    await closeAll(parts, 0);
    await Promise.all([following, reporting]);
    logger.info("miner.stopped", { uid: self.uid });
  }
}

/** @returns undefined for a template that needs no model. */
async function openShelf(
  { models, modelPath, inference }: MinerOptions,
  deps: Parameters<typeof ModelShelf.start>[2],
): Promise<ModelShelf | undefined> {
  const one = modelPath === undefined ? [] : [{ name: DEFAULT_MODEL_NAME, path: modelPath }];
  const entries = models ?? one;
  if (entries.length === 0) return undefined;
  return ModelShelf.start(entries, { ...DEFAULT_POOL_OPTIONS, ...inference }, deps);
}

async function closeAll(
  { local, store, shelf, page, handedOut, graphs, workshop }: MinerParts,
  drainMs: number,
): Promise<void> {
  // Not waited for: whoever failed for another reason is told so at once.
  store?.then(
    (opened) => opened.close(),
    () => undefined,
  );
  await Promise.all([
    ...[local?.drain(drainMs), shelf?.close(), page?.close(), handedOut?.close()],
    ...[graphs?.close(), workshop?.settled()],
  ]);
}

/** What a subnet's own graphs need of it: where they run. */
function graphOptions({ device, threads, environment, deviceIds, isolation }: Partial<ShelfOptions> = {}) {
  const [deviceId] = deviceIds ?? [];
  return {
    ...(isolation !== undefined && { isolation }),
    ...(device !== undefined && { device }),
    ...(threads !== undefined && { threads }),
    ...(environment !== undefined && { environment }),
    ...(deviceId !== undefined && { cuda: { ...DEFAULT_CUDA, deviceId } }),
  };
}

/** A file that takes a model's place has the same inputs. */
function portsOf({ all }: ModelShelf): MinerContext["models"] {
  return all.map(({ name, info }) => ({ name, inputs: info.inputs.map((input) => input.name) }));
}

/**
 * The miner's own hotkey is always welcome: whoever holds it is the miner, and may ask it a signed question to see
 * whether it is served as a validator would be.
 */
function policyFrom(callers: MinerOptions["callers"], self: Hotkey): typeof DEFAULT_CALLER_POLICY {
  const { allow = [], deny = [], ...rest } = callers ?? {};
  return { ...DEFAULT_CALLER_POLICY, ...rest, allow: new Set([...allow, self]), deny: new Set(deny) };
}
