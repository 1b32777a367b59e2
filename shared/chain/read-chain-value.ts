import type { Codec } from "@polkadot/types/types";
import { SubforgeError } from "../errors.ts";
import type { ChainValue } from "../template.ts";
import type { Netuid } from "../types.ts";
import { parseBlockTime, TIMESTAMP_KEY } from "./block-time.ts";
import { type Entry, readStorage } from "./read-storage.ts";
import { type Moment, type StateView, u16Hex } from "./read-subnet.ts";

const RAO = 1e9;
const ALPHA_PRICE = "SwapRuntimeApi_current_alpha_price";

/** Of `I96F32`, in which the chain keeps its moving price. */
const FRACTION = 2 ** 32;

type Read = (view: StateView, netuid: Netuid) => Promise<number>;

const KINDS: Readonly<Record<ChainValue["kind"], Read>> = {
  "alpha-price": readAlphaPrice,
  "alpha-moving-price": async (view, netuid) => bitsOf(await stored(view, "subnetMovingPrice", netuid)),
  "pool-tao": async (view, netuid) => tokens(await stored(view, "subnetTAO", netuid)),
  "pool-alpha": async (view, netuid) => tokens(await stored(view, "subnetAlphaIn", netuid)),
  "burn-cost": async (view, netuid) => tokens(await stored(view, "burn", netuid)),
  "block-interval": readBlockInterval,
};

/**
 * A number that the chain itself knows, after the block of the view: prices in TAO per alpha, reserves and costs in TAO or
 * alpha, an interval in seconds. Whoever reads it at the same block gets the same double.
 *
 * @throws SubforgeError CHAIN_NO_SUBNET, CHAIN_BAD_ANSWER, CHAIN_CALL_UNKNOWN
 */
export async function readChainValue(
  view: StateView,
  { kind, netuid }: Pick<ChainValue, "kind" | "netuid">,
): Promise<number> {
  const exists = await stored(view, "networksAdded", netuid);
  if (exists.toJSON() !== true) throw new SubforgeError("CHAIN_NO_SUBNET", { netuid });
  return KINDS[kind](view, netuid);
}

/** As the chain itself works it out: rao for one alpha. */
async function readAlphaPrice({ rpc, head }: Moment, netuid: Netuid): Promise<number> {
  const answer = await rpc("state_call", [ALPHA_PRICE, u16Hex(netuid), head.hash]);
  if (typeof answer !== "string" || !/^0x[0-9a-f]{16}$/.test(answer)) throw bad("a price", "it is no u64");
  return Number(Buffer.from(answer.slice(2), "hex").readBigUInt64LE()) / RAO;
}

/** Between this block and the one before, by their authors' clocks. */
async function readBlockInterval({ rpc, head }: Moment): Promise<number> {
  const timeAt = async (hash: string) => parseBlockTime(await rpc("state_getStorage", [TIMESTAMP_KEY, hash]));
  const [time, before] = await Promise.all([timeAt(head.hash), timeAt(head.parentHash)]);
  if (time === undefined || before === undefined) throw bad("a time", "the chain keeps none there");
  return (time - before) / 1_000;
}

async function stored(view: StateView, name: string, netuid: Netuid): Promise<Codec> {
  const entries: Record<"found", Entry> = { found: [name, netuid] };
  return (await readStorage(view, entries)).found;
}

function tokens(value: Codec): number {
  return Number(BigInt(value.toString())) / RAO;
}

/** A fixed-point number travels as a record of its bits. */
function bitsOf(value: Codec): number {
  const { bits } = value.toJSON() as { bits?: number | string };
  if (bits === undefined) throw bad("a price", "it has no bits");
  return Number(BigInt(bits)) / FRACTION;
}

function bad(what: string, problem: string): SubforgeError {
  return new SubforgeError("CHAIN_BAD_ANSWER", { what, problem });
}
