import { type LocalNode, startLocalNode } from "../../localnet/node/local-node.ts";
import type { Logger } from "../../shared/logger.ts";
import { connectDevChain } from "../chain/dev-client.ts";
import { openScenarioChain } from "./scenario-chain.ts";
import { type EpochColumns, runSubnetScenario } from "./subnet-scenario.ts";

/** What one engine made of the scenario. */
export type EngineRun = {
  specVersion: number;
  epochs: EpochColumns[];
  /** Mean of an empty block after all of it, in milliseconds: time that passed, and time of a processor. */
  emptyBlock: { ms: number; cpuMs: number };
};

export type Comparison = {
  builtIn: EngineRun;
  real: EngineRun;
  /** One entry for each epoch and column that is not the same; empty when the engines agree. */
  differences: string[];
};

const TIMED_BLOCKS = 200;

/** What must be equal, exactly, in every epoch. */
const COLUMNS = ["block", "incentive", "dividends", "stakeWeight"] as const;

/**
 * Run the same scenario on the built-in rules and on a real runtime, both behind the same node and JSON-RPC.
 *
 * @param runtime - A blob, plain or compressed.
 */
export async function compareEngines(
  options: { runtime: Uint8Array; epochs: number },
  logger: Logger,
): Promise<Comparison> {
  const builtIn = await runOn(undefined, options.epochs, logger);
  const real = await runOn(options.runtime, options.epochs, logger);
  const differences = builtIn.epochs.flatMap((ours, epoch) =>
    COLUMNS.flatMap((column) => {
      const [a, b] = [ours, real.epochs[epoch]].map((columns) => String(columns?.[column]));
      return a === b ? [] : [`epoch ${epoch + 1}, ${column}: ${a} and ${b}`];
    }),
  );
  return { builtIn, real, differences };
}

async function runOn(runtime: Uint8Array | undefined, epochs: number, logger: Logger): Promise<EngineRun> {
  const options = { port: 0, mode: { kind: "manual" }, logger } as const;
  const node = await startLocalNode(runtime === undefined ? options : { ...options, runtime });
  try {
    const chain = await openScenarioChain(connectDevChain({ network: "local", endpoint: node.endpoint }));
    const columns = await runSubnetScenario(chain, epochs);
    return { specVersion: chain.specVersion, epochs: columns, emptyBlock: timeBlocks(node) };
  } finally {
    await node.close();
  }
}

function timeBlocks(node: LocalNode): EngineRun["emptyBlock"] {
  const beganMs = performance.now();
  const before = process.cpuUsage();
  node.newBlock(TIMED_BLOCKS);
  const { user, system } = process.cpuUsage(before);
  return {
    ms: (performance.now() - beganMs) / TIMED_BLOCKS,
    cpuMs: (user + system) / 1_000 / TIMED_BLOCKS,
  };
}
