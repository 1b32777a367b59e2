import type { Hex } from "../../shared/types.ts";
import type { DevClient } from "./dev-client.ts";
import { describeFaults, type ListedFault } from "./inject-fault.ts";
import { blockNumber } from "./make-blocks.ts";

/** How a local chain is: for people, and for scripts that wait for it. */
export type ChainStatus = {
  endpoint: string;
  name: string;
  genesisHash: Hex;
  specName: string;
  specVersion: number;
  best: { block: number; hash: Hex };
  finalized: { block: number; hash: Hex };
  /** `manual`, `instant`, or `every N ms`. */
  blocks: string;
  /** Of the best block, ISO 8601. */
  time: string | undefined;
  waiting: number;
  faults: ListedFault[];
};

/** @throws SubforgeError what the client throws */
export async function chainStatus(client: DevClient): Promise<ChainStatus> {
  const local = (await client.ask("dev_status")) as { blocks: string; timeMs: number | null };
  const [name, genesisHash, version, bestHash, finalizedHash, waiting, faults] = await Promise.all([
    client.ask("system_name"),
    client.ask("chain_getBlockHash", 0),
    client.ask("state_getRuntimeVersion"),
    client.ask("chain_getBlockHash"),
    client.ask("chain_getFinalizedHead"),
    client.ask("author_pendingExtrinsics"),
    client.ask("dev_listFaults"),
  ]);
  const { specName, specVersion } = version as { specName: string; specVersion: number };
  const [best, finalized] = [bestHash as Hex, finalizedHash as Hex];
  return {
    endpoint: client.endpoint,
    name: String(name),
    genesisHash: genesisHash as Hex,
    specName,
    specVersion,
    best: { block: await blockNumber(client, best), hash: best },
    finalized: { block: await blockNumber(client, finalized), hash: finalized },
    blocks: local.blocks,
    time: local.timeMs === null ? undefined : new Date(local.timeMs).toISOString(),
    waiting: (waiting as unknown[]).length,
    faults: faults as ListedFault[],
  };
}

/** For people. */
export function describeStatus(status: ChainStatus): string[] {
  const { best, finalized } = status;
  return [
    `${status.endpoint}  ${status.name}, ${status.specName} ${status.specVersion}`,
    "",
    `genesis    ${status.genesisHash}`,
    `best       ${best.block}  ${best.hash}`,
    `finalized  ${finalized.block}  ${finalized.hash}`,
    `blocks     ${status.blocks}`,
    `time       ${status.time ?? "none before the first block"}`,
    `waiting    ${status.waiting}`,
    "",
    ...describeFaults(status.faults),
  ];
}
