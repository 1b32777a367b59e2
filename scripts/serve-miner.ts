import type { DeviceChoice } from "../miner/inference/device.ts";
import { readModelFile } from "../miner/inference/model-file.ts";
import type { ModelPort } from "../miner/inference/model-guard.ts";
import { startMiner } from "../miner/miner.ts";
import { openSubstrateChain } from "../shared/chain/substrate-chain.ts";
import { createLogger, type LogLevel } from "../shared/logger.ts";
import { loadSubnet } from "../subnets/registry.ts";
import { loadSigner, type WalletArgs } from "./load-signer.ts";
import { assertDevKeyAllowed, chainAt } from "./networks.ts";
import { createOutput } from "./output.ts";
import { watchWallet } from "./watch-wallet.ts";

/** The parsed flags of `subforge miner serve`. */
export type ServeMinerArgs = WalletArgs & {
  json: boolean;
  logLevel: LogLevel;
  network: string;
  netuid: number;
  template: string;
  model: string;
  device: DeviceChoice;
  host: string;
  port: number;
  announce: { ip: string; port: number } | undefined;
  requirePermit: boolean;
  minStakeRao: bigint;
  processes: number;
  threads: number;
  maxBatchRows: number;
  maxWaitMs: number;
};

/**
 * Opens what a miner needs, starts it, says where it is, and returns when it was told to stop and has.
 *
 * @throws what `loadSigner`, `openSubstrateChain` and `startMiner` throw
 */
export async function serveMiner(args: ServeMinerArgs, signal: AbortSignal): Promise<void> {
  const output = createOutput(args);
  const logger = createLogger("miner", args.logLevel);
  const at = chainAt(args.network);
  const template = await loadSubnet(args.template);
  await readModelFile(args.model); // a wrong path is said before a password is asked for or a chain is called
  watchWallet(args, { logger, signal });
  const signer = await loadSigner(args);
  const chain = await openSubstrateChain(at, logger);
  try {
    if (args.devKey !== undefined) assertDevKeyAllowed(chain.identity.genesis, ...at.endpoint);
    const { netuid, host, port, announce, requirePermit, minStakeRao } = args;
    const miner = await startMiner(
      {
        ...{ netuid, host, port, announce, modelPath: args.model, callers: { requirePermit, minStakeRao } },
        inference: {
          ...{ device: args.device, processes: args.processes, threads: args.threads },
          ...{ maxRows: args.maxBatchRows, maxWaitMs: args.maxWaitMs, environment: process.env },
        },
      },
      { chain, signer, template, logger, signal },
    );
    const { url, uid, device, model } = miner;
    const ports = model && `${model.inputs.map(describePort)} → ${model.outputs.map(describePort)}`;
    output.result(
      { ready: true, url, uid, netuid, hotkey: signer.address, device, model, announced: announce ?? null },
      [
        `ready  ${url}  uid ${uid} of netuid ${netuid}  ${device}`,
        `model  ${ports}; opset ${model?.opset}; ${model?.bytes} bytes`,
        announce
          ? `chain  shows ${announce.ip}:${announce.port}`
          : "chain  nothing announced: validators find this miner only with --announce",
      ],
    );
    await miner.stopped;
    output.line("stopped");
  } catch (error) {
    if (!signal.aborted) throw error; // told to stop while it was starting: that is no failure
  } finally {
    await chain.close();
  }
}

/** @example pixel_values float32[?,3,224,224] */
function describePort({ name, dtype, shape }: ModelPort): string {
  return `${name} ${dtype}[${shape?.map((size) => size ?? "?") ?? "?"}]`;
}
