import type { Chain } from "../shared/chain/chain.ts";
import { type Clock, systemClock } from "../shared/clock.ts";
import { type Keypair, keysReady } from "../shared/keys/keypair.ts";
import type { Logger } from "../shared/logger.ts";
import type { Agent, SubnetTemplate } from "../shared/template.ts";
import type { Hotkey, Netuid, Rao, Uid } from "../shared/types.ts";
import { DEFAULT_WINDOW } from "../shared/wire/btauth.ts";
import { ReplayStore } from "../shared/wire/replay-store.ts";
import { type Announcement, announce } from "./announce.ts";
import { createAnswering } from "./answering.ts";
import { Axon } from "./axon.ts";
import { type AxonLimits, DEFAULT_AXON_LIMITS } from "./axon-limits.ts";
import { DEFAULT_CALLER_POLICY } from "./caller-policy.ts";
import type { Device } from "./inference/device.ts";
import type { ModelInfo } from "./inference/model-guard.ts";
import { DEFAULT_POOL_OPTIONS, InferencePool, type PoolOptions } from "./inference/pool.ts";
import { MetagraphView } from "./metagraph-view.ts";

export type MinerOptions = {
  netuid: Netuid;
  /** Address to listen on. Default 127.0.0.1: nobody outside is served by accident. */
  host?: string;
  /** 0 for any free one. */
  port: number;
  /** Undefined for a template that needs no model. */
  modelPath?: string | undefined;
  /** What is published on chain; undefined publishes nothing. Port 0 stands for the one that is listened on. */
  announce?: Announcement | undefined;
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
  /** Device, processes, batches. The defaults suit one small model on the CPU. */
  inference?: Partial<Omit<PoolOptions, "modelPath">>;
  /** A behaviour around the honest answer: adversaries of `dev` and of tests. */
  agent?: Agent | undefined;
};

export type MinerDeps = {
  chain: Pick<Chain, "metagraph" | "sign" | "submit" | "inTurn">;
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
  stopped: Promise<void>;
};

const DEFAULT_REFRESH_MS = 12_000;
const REPORT_EVERY_MS = 60_000;
/** Part of the 10 s within which a process stops. */
const DRAIN_MS = 7_000;

/**
 * Serves a template to the validators of one subnet. Resolves when questions are taken; the rest happens in the
 * background until the signal aborts.
 *
 * @throws SubforgeError MINER_MODEL_MISSING, MINER_MODEL_INVALID, MINER_NO_CUDA, MINER_NOT_REGISTERED, PORT_IN_USE,
 * PORT_FORBIDDEN, MINER_ANNOUNCE_FAILED, and what the chain throws
 */
export async function startMiner(options: MinerOptions, deps: MinerDeps): Promise<RunningMiner> {
  const { netuid, modelPath, host = "127.0.0.1", refreshMs = DEFAULT_REFRESH_MS } = options;
  const { chain, signer, template, logger, signal, clock = systemClock } = deps;
  await keysReady();
  const { view, self } = await MetagraphView.open(netuid, signer.address, { chain, clock, logger });

  let pool: InferencePool | undefined;
  const axon = await Axon.listen(
    { host, port: options.port, limits: options.limits },
    {
      ...{ signer, template, logger, clock },
      policy: policyFrom(options.callers),
      view: () => view.callers,
      renewedView: () => view.renewed(),
    },
  );
  const store = openReplayStore(clock, options.limits); // not before nobody else can listen here
  try {
    if (modelPath !== undefined) {
      const inference = { ...DEFAULT_POOL_OPTIONS, ...options.inference, modelPath };
      pool = await InferencePool.start(inference, { logger, clock, signal });
    }
    // Whoever listened here before may have taken nonces up to the floor: honest callers shall not meet it.
    await clock.sleep(Number(store.floorNs / 1_000_000n) - clock.nowMs(), signal);
    const answering = createAnswering(template, { hotkey: signer.address, pool, agent: options.agent });
    axon.serve({ answering, store, isReady: () => pool?.isReady ?? true });
    if (options.announce) {
      const { ip, port } = options.announce;
      await announce(netuid, { ip, port: port || axon.port }, self, {
        chain,
        view,
        signer,
        clock,
        logger,
        signal,
      });
    }
  } catch (error) {
    await axon.drain(0);
    await pool?.close();
    throw error;
  }
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${axon.port}`;
  const { device } = pool ?? {};
  logger.info("miner.ready", { url, uid: self.uid, netuid, template: template.id, device });
  return { url, uid: self.uid, device, model: pool?.info, stopped: serveUntilAborted() };

  async function serveUntilAborted(): Promise<void> {
    const following = view.follow(refreshMs, signal);
    const reporting = reportRegularly(axon, pool, { logger, clock, signal });
    await new Promise((resolve) => {
      if (signal.aborted) resolve(undefined);
      else signal.addEventListener("abort", resolve, { once: true });
    });
    await axon.drain(DRAIN_MS);
    await pool?.close();
    await Promise.all([following, reporting]);
    logger.info("miner.stopped", { uid: self.uid });
  }
}

function openReplayStore(clock: Clock, limits: MinerOptions["limits"]): ReplayStore {
  const { bodyTimeoutMs } = { ...DEFAULT_AXON_LIMITS, ...limits };
  return new ReplayStore({
    windows: { "btauth/1": DEFAULT_WINDOW },
    claimDelayNs: BigInt(bodyTimeoutMs) * 1_000_000n,
    startedNs: BigInt(clock.nowMs()) * 1_000_000n,
  });
}

function policyFrom(callers: MinerOptions["callers"]): typeof DEFAULT_CALLER_POLICY {
  const { allow = [], deny = [], ...rest } = callers ?? {};
  return { ...DEFAULT_CALLER_POLICY, ...rest, allow: new Set(allow), deny: new Set(deny) };
}

/** One line a minute, when there was anything to do. */
async function reportRegularly(
  axon: Axon,
  pool: InferencePool | undefined,
  { logger, clock, signal }: { logger: Logger; clock: Clock; signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(REPORT_EVERY_MS, signal);
    const report = axon.tally.takeReport();
    if (report.answered > 0 || Object.keys(report.refused).length > 0) {
      logger.info("miner.status", { ...report, waiting: pool?.waiting ?? 0, device: pool?.device });
    }
  }
}
