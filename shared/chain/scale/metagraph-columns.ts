import { SubforgeError } from "../../errors.ts";
import type { BlockNumber, Netuid } from "../../types.ts";
import { ScaleReader } from "./scale-reader.ts";
import { skipType } from "./skip-type.ts";
import { isOption, optionOf, shapeOf } from "./type-shape.ts";
import type { TypeTable } from "./type-table.ts";

/** Bytes of a public key. */
const KEY_BYTES = 32;

/** Most neurons a subnet can have: its uids are u16, and null-consensus subnets have 32,768. */
const MAX_NEURONS = 65_536;

/** The metagraph of one subnet as the chain tells it: one column per property, one row per uid. */
export type MetagraphColumns = {
  netuid: Netuid;
  block: BlockNumber;
  size: number;
  /** Public keys, 32 bytes each. */
  hotkeys: Buffer;
  coldkeys: Buffer;
  axons: AxonColumns;
  /** 0 or 1. */
  active: Uint8Array;
  validatorPermit: Uint8Array;
  /** Block of the last accepted weights. */
  lastUpdate: Float64Array;
  /** Alpha paid in the last epoch, rao. */
  emission: BigUint64Array;
  /** u16 of 65535, as the next two. */
  dividends: Uint16Array;
  incentives: Uint16Array;
  consensus: Uint16Array;
  /** Block. */
  registeredAt: Float64Array;
  /** Alpha and weighted TAO, rao. */
  totalStake: BigUint64Array;
};

/** Where each neuron says it listens; port 0 where none ever did. */
export type AxonColumns = {
  block: Float64Array;
  version: Uint32Array;
  ip: BigUint64Array;
  /** Upper half of an IPv6 address; 0 for IPv4. */
  ipHigh: BigUint64Array;
  port: Uint16Array;
  ipType: Uint8Array;
  protocol: Uint8Array;
};

export type ReadMetagraph = (netuid: Netuid, answer: Buffer) => MetagraphColumns | undefined;

type Draft = Partial<MetagraphColumns>;
type ReadField = (reader: ScaleReader, draft: Draft) => void;

/** What is read, in the shape we know it to have. Everything else in the answer is stepped over. */
const FIELDS: Record<string, { shape: string; read: ReadField }> = {
  block: {
    shape: "Compact<u64>",
    read: (reader, draft) => {
      draft.block = reader.compact();
    },
  },
  hotkeys: {
    shape: "[[u8; 32]]",
    read: (reader, draft) => {
      draft.hotkeys = keys(reader);
    },
  },
  coldkeys: {
    shape: "[[u8; 32]]",
    read: (reader, draft) => {
      draft.coldkeys = keys(reader);
    },
  },
  axons: {
    shape:
      "[{block: u64, version: u32, ip: u128, port: u16, ip_type: u8, protocol: u8, placeholder1: u8, placeholder2: u8}]",
    read: (reader, draft) => {
      draft.axons = axons(reader);
    },
  },
  active: {
    shape: "[bool]",
    read: (reader, draft) => {
      draft.active = flags(reader);
    },
  },
  validator_permit: {
    shape: "[bool]",
    read: (reader, draft) => {
      draft.validatorPermit = flags(reader);
    },
  },
  last_update: {
    shape: "[Compact<u64>]",
    read: (reader, draft) => {
      draft.lastUpdate = blocks(reader);
    },
  },
  emission: {
    shape: "[Compact<u64>]",
    read: (reader, draft) => {
      draft.emission = amounts(reader);
    },
  },
  dividends: {
    shape: "[Compact<u16>]",
    read: (reader, draft) => {
      draft.dividends = ratios(reader);
    },
  },
  incentives: {
    shape: "[Compact<u16>]",
    read: (reader, draft) => {
      draft.incentives = ratios(reader);
    },
  },
  consensus: {
    shape: "[Compact<u16>]",
    read: (reader, draft) => {
      draft.consensus = ratios(reader);
    },
  },
  block_at_registration: {
    shape: "[Compact<u64>]",
    read: (reader, draft) => {
      draft.registeredAt = blocks(reader);
    },
  },
  total_stake: {
    shape: "[Compact<u64>]",
    read: (reader, draft) => {
      draft.totalStake = amounts(reader);
    },
  },
};

/**
 * A reader of `SubnetInfoRuntimeApi.get_metagraph` for one runtime, made once and then fast: it goes through the bytes
 * in one pass and makes no object per value.
 *
 * @param output - Type of the API's answer in this runtime's table.
 * @returns a function that gives undefined for a subnet that does not exist, and throws CHAIN_BAD_ANSWER for bytes that
 * are not what the runtime declares.
 * @throws SubforgeError CHAIN_BAD_ANSWER when the runtime declares another shape than we know
 */
export function createMetagraphReader(table: TypeTable, output: number): ReadMetagraph {
  const steps = toSteps(table, output);
  return (netuid, answer) => {
    const reader = new ScaleReader(answer);
    const draft: Draft = { netuid };
    try {
      if (!reader.bool()) return undefined;
      for (const step of steps) step(reader, draft);
      if (reader.left > 0) throw new RangeError(`${reader.left} bytes are left over`);
    } catch (error) {
      if (error instanceof RangeError) throw bad(error.message);
      throw error;
    }
    return complete(draft);
  };
}

function toSteps(table: TypeTable, output: number): ReadField[] {
  const option = table(output);
  const struct = isOption(option) ? table(optionOf(option)) : undefined;
  if (struct?.kind !== "composite") throw bad(`the runtime declares ${shapeOf(table, output).slice(0, 80)}`);
  const missing = new Set(Object.keys(FIELDS));
  const steps = struct.fields.map(({ name = "", type }): ReadField => {
    const known = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
    if (!known) return skipType(table, type);
    missing.delete(name);
    const shape = shapeOf(table, type);
    if (shape !== known.shape) throw bad(`${name} is ${shape}, we know ${known.shape}`);
    return known.read;
  });
  if (missing.size > 0) throw bad(`the runtime declares no ${[...missing].join(", ")}`);
  return steps;
}

function complete(draft: Draft): MetagraphColumns {
  const columns = draft as MetagraphColumns;
  const size = columns.hotkeys.length / KEY_BYTES;
  const { axons: addresses, hotkeys: _, coldkeys, ...rest } = columns;
  const lengths: Record<string, number> = {
    coldkeys: coldkeys.length / KEY_BYTES,
    axons: addresses.port.length,
  };
  for (const [name, column] of Object.entries(rest)) {
    if (typeof column === "object") lengths[name] = column.length;
  }
  const short = Object.entries(lengths).find(([, length]) => length !== size);
  if (short) throw bad(`${short[0]} has ${short[1]} entries for ${size} neurons`);
  return { ...columns, size };
}

function count(reader: ScaleReader, elementBytes: number): number {
  const length = reader.length(elementBytes);
  if (length > MAX_NEURONS) throw new RangeError(`${length} neurons are more than a subnet can have`);
  return length;
}

/** Copied: the answer it came in can be forgotten. */
function keys(reader: ScaleReader): Buffer {
  return Buffer.from(reader.bytes(count(reader, KEY_BYTES) * KEY_BYTES));
}

function flags(reader: ScaleReader): Uint8Array {
  const column = new Uint8Array(count(reader, 1));
  for (let uid = 0; uid < column.length; uid++) column[uid] = reader.bool() ? 1 : 0;
  return column;
}

function blocks(reader: ScaleReader): Float64Array {
  const column = new Float64Array(count(reader, 1));
  for (let uid = 0; uid < column.length; uid++) column[uid] = reader.compact();
  return column;
}

function amounts(reader: ScaleReader): BigUint64Array {
  const column = new BigUint64Array(count(reader, 1));
  for (let uid = 0; uid < column.length; uid++) column[uid] = reader.compactBig();
  return column;
}

function ratios(reader: ScaleReader): Uint16Array {
  const column = new Uint16Array(count(reader, 1));
  for (let uid = 0; uid < column.length; uid++) {
    const value = reader.compact();
    if (value > 65_535) throw new RangeError(`${value} is no u16`);
    column[uid] = value;
  }
  return column;
}

function axons(reader: ScaleReader): AxonColumns {
  const size = count(reader, 34);
  const columns: AxonColumns = {
    block: new Float64Array(size),
    version: new Uint32Array(size),
    ip: new BigUint64Array(size),
    ipHigh: new BigUint64Array(size),
    port: new Uint16Array(size),
    ipType: new Uint8Array(size),
    protocol: new Uint8Array(size),
  };
  for (let uid = 0; uid < size; uid++) {
    columns.block[uid] = Number(reader.u64());
    columns.version[uid] = reader.u32();
    columns.ip[uid] = reader.u64();
    columns.ipHigh[uid] = reader.u64();
    columns.port[uid] = reader.u16();
    columns.ipType[uid] = reader.u8();
    columns.protocol[uid] = reader.u8();
    reader.skip(2); // placeholders
  }
  return columns;
}

function bad(problem: string): SubforgeError {
  return new SubforgeError("CHAIN_BAD_ANSWER", { what: "the metagraph", problem });
}
