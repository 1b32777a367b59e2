import type { Chain } from "../shared/chain/chain.ts";
import { type Clock, systemClock } from "../shared/clock.ts";
import { type Keypair, keysReady } from "../shared/keys/keypair.ts";
import type { Logger } from "../shared/logger.ts";
import type { Agent, SubnetTemplate } from "../shared/template.ts";
import type { Hotkey, Netuid, Rao, Uid } from "../shared/types.ts";
import { DEFAULT_WINDOW } from "../shared/wire/btauth.ts";
import type { ProtocolId } from "../shared/wire/protocol.ts";
import { PROTOCOLS } from "../shared/wire/protocols.ts";
import type { ReplayClaims } from "../shared/wire/replay-store.ts";
import type { Announcement } from "./announce.ts";
import { type AnnounceOptions, Announcer, type AnnouncerChain } from "./announcer.ts";
import { createAnswering } from "./answering.ts";
import { Axon } from "./axon.ts";
import { type AxonLimits, DEFAULT_AXON_LIMITS } from "./axon-limits.ts";
import { DEFAULT_CALLER_POLICY } from "./caller-policy.ts";
import type { Device } from "./inference/device.ts";
import type { ModelInfo } from "./inference/model-guard.ts";
import { DEFAULT_POOL_OPTIONS, InferencePool, type PoolOptions } from "./inference/pool.ts";
import { MetagraphView } from "./metagraph-view.ts";
import { MinerMetrics } from "./metrics.ts";
import { serveMetrics } from "./metrics-server.ts";
import { reportEveryMinute } from "./status-line.ts";
import { templateRoutes } from "./template-routes.ts";
import { v10Routes } from "./v10-route.ts";

export type MinerOptions = {
  netuid: Netuid;
  /** Address to listen on. Default 127.0.0.1: nobody outside is served by accident. */
  host?: string;
  /** 0 for any free one. */
  port: number;
  /** Undefined for a template that needs no model. */
  modelPath?: string | undefined;
  /** What is published on chain; undefined publishes nothing. Port 0 stands for the one that is listened on. */
  announce?: AnnounceOptions | undefined;
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
  /** Device, processes, batches. The defaults suit one small model on the CPU. */
  inference?: Partial<Omit<PoolOptions, "modelPath">>;
  /** A behaviour around the honest answer: adversaries of `dev` and of tests. */
  agent?: Agent | undefined;
};

export type MinerDeps = {
  chain: Pick<Chain, "metagraph"> & AnnouncerChain;
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
  /** Where the model really runs, undefined without one. */
  device: Device | undefined;
  model: ModelInfo | undefined;
  metricsUrl: string | undefined;
  /** What the chain shows when this resolves; undefined when it shows nothing of ours yet. */
  announced: Announcement | undefined;
  stopped: Promise<void>;
};

/** Of the one model, in metrics. */
const MODEL_NAME = "default";
const DEFAULT_REFRESH_MS = 12_000;
const DEFAULT_PROTOCOLS: readonly ProtocolId[] = ["btauth/1"];
/** Part of the 10 s within which a process stops. */
const DRAIN_MS = 7_000;

/**
 * Serves a template to the validators of one subnet. Resolves when questions are taken; the rest happens in the
 * background until the signal aborts.
 *
 * @throws SubforgeError MINER_MODEL_MISSING, MINER_MODEL_INVALID, MINER_NO_CUDA, MINER_NOT_REGISTERED, PORT_IN_USE,
 * PORT_FORBIDDEN, MINER_ANNOUNCE_FAILED, what `openReplayStore` throws, and what the chain throws
 */
export async function startMiner(options: MinerOptions, deps: MinerDeps): Promise<RunningMiner> {
  const { netuid, modelPath, host = "127.0.0.1", refreshMs = DEFAULT_REFRESH_MS } = options;
  const { protocols = DEFAULT_PROTOCOLS } = options;
  const { chain, signer, template, logger, signal, clock = systemClock } = deps;
  await keysReady();
  const { view, self } = await MetagraphView.open(netuid, signer.address, { chain, clock, logger });

  const metrics = new MinerMetrics(options.version);
  let pool: InferencePool | undefined;
  let page: Awaited<ReturnType<typeof serveMetrics>> | undefined;
  let announcer: Announcer | undefined;
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
  let store: ReplayClaims | undefined;
  try {
    const { bodyTimeoutMs } = { ...DEFAULT_AXON_LIMITS, ...options.limits };
    const opening = openReplayStore(
      // not before nobody else can listen here
      { receiver: signer.address, protocols, bodyTimeoutMs, shared: options.replayStore },
      { clock, logger, signal },
    );
    opening.catch(() => undefined); // looked at below
    if (modelPath !== undefined) {
      const inference = { ...DEFAULT_POOL_OPTIONS, ...options.inference, modelPath };
      pool = await InferencePool.start(inference, { logger, clock, signal });
    }
    store = await opening;
    const answering = createAnswering(template, { hotkey: signer.address, pool, agent: options.agent });
    const routes = templateRoutes(template, answering);
    if (protocols.includes("v10")) routes.push(...v10Routes(template, answering, signer.address));
    axon.serve({ routes, store, isReady: () => pool?.isReady ?? true });
    if (options.metricsPort !== undefined) page = await serveMetrics(metrics, options.metricsPort);
    if (options.announce) {
      const address = { ...options.announce, port: options.announce.port || axon.port };
      announcer = new Announcer(netuid, address, { chain, view, signer, clock, logger, signal });
      await announcer.open(self);
    }
  } catch (error) {
    await axon.drain(0);
    store?.close();
    await pool?.close();
    await page?.close();
    throw error;
  }
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${axon.port}`;
  const { device } = pool ?? {};
  logger.info("miner.ready", { url, uid: self.uid, netuid, template: template.id, device });
  metrics.onScrape(() => readState(metrics, { view, announcer, pool, nowMs: clock.nowMs() }));
  return {
    ...{ url, uid: self.uid, device, model: pool?.info, metricsUrl: page?.url },
    announced: announcer?.isShown ? announcer.address : undefined,
    stopped: serveUntilAborted(),
  };

  async function serveUntilAborted(): Promise<void> {
    const following = view.follow(refreshMs, signal, async (row) => announcer?.seen(row));
    const reporting = reportEveryMinute({
      ...{ tally: axon.tally, metrics, window: DEFAULT_WINDOW, logger, clock, signal },
      model: () => ({ waiting: pool?.waiting ?? 0, device: pool?.device }),
    });
    await new Promise((resolve) => {
      if (signal.aborted) resolve(undefined);
      else signal.addEventListener("abort", resolve, { once: true });
    });
    await axon.drain(DRAIN_MS);
    store?.close();
    await pool?.close();
    await page?.close();
    await Promise.all([following, reporting]);
    logger.info("miner.stopped", { uid: self.uid });
  }
}

/**
 * The miner's own hotkey is always welcome: whoever holds it is the miner, and may ask it a signed question to see
 * whether it is served as a validator would be.
 */
function policyFrom(callers: MinerOptions["callers"], self: Hotkey): typeof DEFAULT_CALLER_POLICY {
  const { allow = [], deny = [], ...rest } = callers ?? {};
  return { ...DEFAULT_CALLER_POLICY, ...rest, allow: new Set([...allow, self]), deny: new Set(deny) };
}

/** What is only known by looking, at each scrape. */
function readState(
  metrics: MinerMetrics,
  state: {
    view: MetagraphView;
    announcer: Announcer | undefined;
    pool: InferencePool | undefined;
    nowMs: number;
  },
): void {
  const { view, announcer, pool, nowMs } = state;
  metrics.set("sf_chain_view_age_seconds", (nowMs - view.callers.seenAtMs) / 1_000, {});
  metrics.set("sf_registered", view.self ? 1 : 0, {});
  metrics.set("sf_incentive_ratio", view.self?.incentive ?? 0, {});
  if (announcer) {
    metrics.set("sf_announced", announcer.isShown ? 1 : 0, {});
    if (announcer.isReachable !== undefined) metrics.set("sf_reachable", announcer.isReachable ? 1 : 0, {});
  }
  if (!pool) return;
  metrics.set("sf_waiting", pool.waiting, { model: MODEL_NAME });
  metrics.set("sf_model_ready", pool.isReady ? 1 : 0, { model: MODEL_NAME });
  metrics.reset("sf_provider");
  if (pool.device) metrics.set("sf_provider", 1, { model: MODEL_NAME, name: pool.device });
}
