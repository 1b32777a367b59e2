import { toAddress } from "../keys/keypair.ts";
import { ipFromNumber } from "./call-shape.ts";
import type { AxonAddress, Metagraph } from "./metagraph.ts";
import type { AxonColumns, MetagraphColumns } from "./scale/metagraph-columns.ts";

const U16_MAX = 65_535;
const KEY_BYTES = 32;

/** Addresses kept: both keys of 8 full subnets. The text of a key costs more than all its other columns. */
const MAX_ADDRESSES = 4_096;

/** Public keys to addresses. Keys hardly ever change between two looks at a subnet. */
export class AddressBook {
  readonly #known = new Map<string, string>();

  at(keys: Buffer, uid: number): string {
    const start = uid * KEY_BYTES;
    const key = keys.toString("latin1", start, start + KEY_BYTES);
    const before = this.#known.get(key);
    if (before !== undefined) return before;
    if (this.#known.size >= MAX_ADDRESSES) this.#known.clear();
    const address = toAddress(keys.subarray(start, start + KEY_BYTES));
    this.#known.set(key, address);
    return address;
  }
}

/** Columns as the rows that the other rooms look things up in: ratios of 0..1, addresses as text. */
export function toMetagraph(columns: MetagraphColumns, addresses: AddressBook): Metagraph {
  const { netuid, block, size } = columns;
  return {
    netuid,
    block,
    neurons: Array.from({ length: size }, (_, uid) => ({
      uid,
      hotkey: addresses.at(columns.hotkeys, uid),
      coldkey: addresses.at(columns.coldkeys, uid),
      axon: axonAt(columns.axons, uid),
      stakeRao: columns.totalStake[uid]!,
      validatorPermit: columns.validatorPermit[uid] === 1,
      active: columns.active[uid] === 1,
      incentive: columns.incentives[uid]! / U16_MAX,
      dividends: columns.dividends[uid]! / U16_MAX,
      consensus: columns.consensus[uid]! / U16_MAX,
      emissionRao: columns.emission[uid]!,
      lastUpdate: columns.lastUpdate[uid]!,
      registeredAt: columns.registeredAt[uid]!,
    })),
  };
}

/** A record without a port was never written. */
function axonAt(axons: AxonColumns, uid: number): AxonAddress | undefined {
  const port = axons.port[uid]!;
  if (port === 0) return undefined;
  const ip = (axons.ipHigh[uid]! << 64n) | axons.ip[uid]!;
  return {
    ip: ipFromNumber(ip, axons.ipType[uid]!),
    port,
    protocol: axons.protocol[uid]!,
    version: axons.version[uid]!,
    block: axons.block[uid]!,
  };
}
