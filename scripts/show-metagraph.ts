import type { Neuron } from "../shared/chain/metagraph.ts";
import { createOutput, table } from "./output.ts";
import { formatAlpha } from "./tao.ts";
import { type ChainArgs, withChain } from "./with-chain.ts";

/** Columns a metagraph can be sorted by; all but the uid from the largest. */
const SORTS = {
  uid: (a, b) => a.uid - b.uid,
  stake: (a, b) => compare(b.stakeRao, a.stakeRao),
  incentive: (a, b) => b.incentive - a.incentive,
  dividends: (a, b) => b.dividends - a.dividends,
  emission: (a, b) => compare(b.emissionRao, a.emissionRao),
  update: (a, b) => b.lastUpdate - a.lastUpdate,
} as const satisfies Record<string, (a: Neuron, b: Neuron) => number>;

export type MetagraphSort = keyof typeof SORTS;

export type ShowMetagraphArgs = ChainArgs & { netuid: number; sort: MetagraphSort; json: boolean };

/** Every neuron of a subnet at the best block. @throws SubforgeError CHAIN_NO_SUBNET */
export async function showMetagraph(args: ShowMetagraphArgs): Promise<void> {
  await withChain(args, async (chain) => {
    const { netuid, block, neurons } = await chain.metagraph(args.netuid);
    const sorted = [...neurons].sort(SORTS[args.sort]);
    createOutput(args).result({ netuid, block, neurons: sorted.map(toDocument) }, [
      `subnet ${netuid} at block ${block}: ${neurons.length} neurons`,
      ...table([
        ["uid", "hotkey", "stake", "permit", "incentive", "dividends", "emission", "weights set", "axon"],
        ...sorted.map((neuron) => [
          String(neuron.uid),
          shorten(neuron.hotkey),
          formatAlpha(neuron.stakeRao),
          neuron.validatorPermit ? "yes" : "",
          percent(neuron.incentive),
          percent(neuron.dividends),
          formatAlpha(neuron.emissionRao),
          neuron.lastUpdate === 0 ? "never" : `${block - neuron.lastUpdate} blocks ago`,
          neuron.axon ? address(neuron.axon) : "",
        ]),
      ]),
    ]);
  });
}

function toDocument(neuron: Neuron): Record<string, unknown> {
  return { ...neuron, axon: neuron.axon ?? null };
}

function shorten(hotkey: string): string {
  return `${hotkey.slice(0, 6)}…${hotkey.slice(-4)}`;
}

function percent(share: number): string {
  return share === 0 ? "" : `${(100 * share).toFixed(2)} %`;
}

function address({ ip, port }: { ip: string; port: number }): string {
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
