import { GpuSampler } from "../miner/gpu/gpu-sampler.ts";
import { queryGpus } from "../miner/gpu/nvidia-smi.ts";
import type { DeviceChoice } from "../miner/inference/device.ts";
import type { Isolation } from "../miner/inference/link.ts";
import { readModelFile } from "../miner/inference/model-file.ts";
import { letHeapGrow } from "../miner/let-heap-grow.ts";
import { type RunningMiner, startMiner } from "../miner/miner.ts";
import { detectAddress, probeAddress } from "../miner/reachability.ts";
import packageJson from "../package.json" with { type: "json" };
import { openSubstrateChain } from "../shared/chain/substrate-chain.ts";
import { systemClock } from "../shared/clock.ts";
import { SubforgeError } from "../shared/errors.ts";
import { createLogger, type Logger, type LogLevel } from "../shared/logger.ts";
import type { SubnetTemplate } from "../shared/template.ts";
import type { ProtocolId } from "../shared/wire/protocol.ts";
import { listModels } from "../subnets/models.ts";
import type { WantedAddress } from "./commands/miner.ts";
import { loadSigner, type WalletArgs } from "./load-signer.ts";
import { judgeClock, readTimeSources } from "./miner/check-clock.ts";
import { describePorts } from "./miner/describe-model.ts";
import { inferenceEnvironment } from "./miner/inference-environment.ts";
import { toModelEntries } from "./miner/model-entries.ts";
import { toAnnouncement } from "./miner/to-announcement.ts";
import { assertDevKeyAllowed, chainAt } from "./networks.ts";
import { createOutput } from "./output.ts";
import { loadTemplate, modelsOf } from "./template-folder/load-template.ts";
import { watchWallet } from "./watch-wallet.ts";

/** The parsed flags of `subforge miner serve`. */
export type ServeMinerArgs = WalletArgs & {
  json: boolean;
  logLevel: LogLevel;
  network: string;
  netuid: number;
  template: string;
  model: readonly string[];
  device: DeviceChoice;
  isolation: Isolation;
  gpuIds: readonly number[] | undefined;
  gpuDir: string | undefined;
  tf32: boolean;
  /** MiB. */
  maxRss: number | undefined;
  /** MiB. */
  maxVram: number | undefined;
  watch: boolean;
  host: string;
  port: number;
  announce: WantedAddress | undefined;
  commitModel: string | undefined;
  renew: boolean;
  reachHelper: string | undefined;
  requirePermit: boolean;
  minStakeRao: bigint;
  processes: number;
  threads: number;
  maxBatchRows: number;
  maxWaitMs: number;
  protocols: readonly ProtocolId[];
  replayRedis: string | undefined;
  replayPrivateNetwork: boolean;
  localPort: number | undefined;
  metricsPort: number | undefined;
};

const MIB = 2 ** 20;

/**
 * Opens what a miner needs, starts it, says where it is, and returns when it was told to stop and has.
 *
 * @throws what `loadSigner`, `openSubstrateChain` and `startMiner` throw, MINER_CLOCK_SKEW, MINER_ADDRESS_UNKNOWN, CLI_USAGE
 */
export async function serveMiner(args: ServeMinerArgs, signal: AbortSignal): Promise<void> {
  letHeapGrow();
  const output = createOutput(args);
  const logger = createLogger("miner", args.logLevel);
  const at = chainAt(args.network);
  const template = await loadTemplate(args.template);
  const models = toModelEntries(args.model);
  if (models.length === 0) await assertNoModelNeeded(template);
  // A wrong path is said before a password is asked for or a chain is called.
  for (const { path } of models) await readModelFile(path);
  watchWallet(args, { logger, signal });
  const signer = await loadSigner(args);
  const announced = args.announce && (await toAnnouncement({ ...args, announce: args.announce }));
  const clockChecked = refuseWrongClock(at.endpoint, logger);
  clockChecked.catch(() => undefined); // looked at below
  const chain = await openSubstrateChain(at, logger);
  try {
    await clockChecked;
    if (args.devKey !== undefined) assertDevKeyAllowed(chain.identity.genesis, ...at.endpoint);
    const { netuid, host, port, requirePermit, minStakeRao, reachHelper: helper, localPort } = args;
    const detect = async () => {
      const found = await detectAddress({ helper });
      return found.ok ? found.ip : undefined;
    };
    const sampler = new GpuSampler(() => queryGpus(process.env), systemClock);
    const miner = await startMiner(
      {
        ...{ netuid, host, port, models, callers: { requirePermit, minStakeRao }, protocols: args.protocols },
        announce: announced && {
          ...announced,
          ...{ renew: args.renew, probe: (address) => probeAddress(address, { helper }) },
          // Behind a router nobody here can know the address: then nothing is compared.
          detect: args.announce === "auto" || helper !== undefined ? detect : undefined,
        },
        commitModel: args.commitModel,
        replayStore: args.replayRedis === undefined ? undefined : replayStoreOf(args, args.replayRedis),
        localPort: localPort === undefined ? undefined : { port: localPort },
        ...{ metricsPort: args.metricsPort, version: packageJson.version },
        inference: inferenceOf(args, await inferenceEnvironment(args), sampler),
      },
      { chain, signer, template, logger, signal },
    );
    // Memory and load of the cards, when a model runs on one.
    if (miner.device === "cuda") miner.metrics.onScrape(() => sampler.report(miner.metrics));
    reloadOnHangup(miner, logger, signal);
    output.result(toDocument(miner, args, signer.address), describe(miner, args));
    await miner.stopped;
    output.line("stopped");
  } catch (error) {
    if (!signal.aborted) throw error; // told to stop while it was starting: that is no failure
  } finally {
    await chain.close();
  }
}

/** @throws SubforgeError CLI_USAGE for a subnet that comes with models: its questions are put to one */
async function assertNoModelNeeded(template: SubnetTemplate): Promise<void> {
  const { length } = await listModels(modelsOf(template));
  if (length === 0) return;
  throw new SubforgeError("CLI_USAGE", {
    problem: `--model is missing: ${template.id} asks one`,
    command: "miner serve",
  });
}

/** @throws SubforgeError MINER_CLOCK_SKEW when every source says so */
async function refuseWrongClock(endpoints: readonly string[], logger: Logger): Promise<void> {
  const sources = await readTimeSources(endpoints);
  const { state, fact, skew } = judgeClock(sources, Date.now());
  if (state === "missing" && skew !== undefined) throw new SubforgeError("MINER_CLOCK_SKEW", skew);
  if (state === "warn") logger.warn("miner.clock", { fact });
}

function replayStoreOf({ replayPrivateNetwork: privateNetwork }: ServeMinerArgs, url: string) {
  return { url, privateNetwork };
}

function inferenceOf(
  args: ServeMinerArgs,
  environment: Readonly<Record<string, string | undefined>>,
  sampler: GpuSampler,
) {
  const { device, isolation, processes, threads, gpuIds: deviceIds, maxRss, maxVram, watch } = args;
  return {
    ...{ device, isolation, processes, threads, deviceIds, watch, environment },
    ...{ maxRows: args.maxBatchRows, maxWaitMs: args.maxWaitMs },
    ...(maxRss !== undefined && { maxRssBytes: maxRss * MIB }),
    ...(maxVram !== undefined && {
      maxVram: { bytes: maxVram * MIB, of: (pid: number) => sampler.vramOf(pid) },
    }),
  };
}

/** SIGHUP: serve what the files hold now. What cannot be served is said, and the old model stays. */
function reloadOnHangup(miner: RunningMiner, logger: Logger, signal: AbortSignal): void {
  const onHangup = () => {
    miner.reload().catch((error: unknown) => {
      logger.error("model.replace-refused", { error: String(error), serving: "the old file" });
    });
  };
  process.on("SIGHUP", onHangup);
  signal.addEventListener("abort", () => process.off("SIGHUP", onHangup), { once: true });
}

function toDocument(miner: RunningMiner, { netuid }: ServeMinerArgs, hotkey: string) {
  const { url, uid, device, models, announced, localUrl, metricsUrl } = miner;
  return {
    ...{ ready: true, url, uid, netuid, hotkey, device, announced: announced ?? null },
    models: models.map(({ name, sha256, info }) => ({ name, sha256, ...info })),
    committed: miner.committed ?? null,
    ...{ localUrl: localUrl ?? null, metricsUrl: metricsUrl ?? null },
  };
}

function describe(
  miner: RunningMiner,
  { netuid, announce, requirePermit, commitModel }: ServeMinerArgs,
): string[] {
  const { url, uid, device, models, announced, localUrl, metricsUrl } = miner;
  const shown = announced ? `shows ${announced.ip}:${announced.port}` : undefined;
  return [
    `ready  ${url}  uid ${uid} of netuid ${netuid}  ${device ?? "no model"}`,
    ...models.map(({ name, info }) => `model  ${name}: ${describePorts(info)}; opset ${info.opset}`),
    `calls  ${requirePermit ? "hotkeys with a validator permit" : "every registered hotkey"}`,
    shown
      ? `chain  ${shown}`
      : announce
        ? "chain  shows another address: it takes this one later, see the log"
        : "chain  nothing announced: validators find this miner only with --announce",
    ...(miner.committed
      ? [
          `commit  ${miner.committed.sha256.slice(0, 16)} at ${miner.committed.uri} since block ${miner.committed.block}`,
        ]
      : commitModel
        ? ["commit  the chain does not show this model yet: it is tried again, see the log"]
        : []),
    ...(localUrl ? [`local  ${localUrl}  without signatures, for programs on this machine`] : []),
    ...(metricsUrl ? [`metrics  ${metricsUrl}`] : []),
    "next: subforge miner check --as-validator",
  ];
}
