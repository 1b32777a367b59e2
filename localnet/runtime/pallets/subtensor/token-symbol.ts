import type { Netuid } from "../../../../shared/types.ts";
import type { Reader } from "../../../state/store.ts";
import { bytesToHex } from "../../../types/hex.ts";
import { Networks } from "./network-storage.ts";

/** Code points of the symbols in the order of netuids, single ones and ranges: tau for root, then letters of the world. */
const CODE_POINTS: readonly (number | readonly [first: number, last: number])[] = [
  0x3a4,
  [0x3b1, 0x3c1],
  0x3c3,
  0x74,
  [0x3c5, 0x3c9],
  [0x5d0, 0x5ea],
  [0x627, 0x628],
  [0x62a, 0x63a],
  [0x641, 0x648],
  0x64a,
  0x649,
  0x16a0,
  0x16a2,
  0x16a6,
  0x16a8,
  0x16b1,
  0x16b3,
  0x42b,
  0x16c9,
  0x16d2,
  [0x1680, 0x1685],
  0x169b,
  [0x10d0, 0x10d5],
  [0x531, 0x536],
  0x55e,
  [0x400, 0x405],
  0x44a,
  [0x2c80, 0x2c85],
  [0x11000, 0x11003],
  0x11005,
  0xdb1,
  [0xdb3, 0xdb7],
  [0x2c00, 0x2c20],
  [0xe01, 0xe23],
  0xe25,
  [0xe27, 0xe2e],
  0x3131,
  0x3134,
  0x3137,
  0x3139,
  [0x3141, 0x3142],
  0x3145,
  [0x3147, 0x3148],
  [0x314a, 0x3163],
  [0x12a0, 0x12a7],
  [0x12c8, 0x12ce],
  [0x12b0, 0x12b6],
  [0x1310, 0x1312],
  0x1218,
  [0x1314, 0x1316],
  [0x905, 0x90b],
  [0x90f, 0x910],
  [0x913, 0x928],
  [0x92a, 0x930],
  0x932,
  [0x935, 0x939],
  0x30a2,
  0x30a4,
  0x30a6,
  0x30a8,
  [0x30aa, 0x30ab],
  0x30ad,
  0x30af,
  0x30b1,
  0x30b3,
  0x30b5,
  0x30b7,
  0x30b9,
  0x30bb,
  0x30bd,
  0x30bf,
  0x30c1,
  0x30c4,
  0x30c6,
  0x30c8,
  [0x30ca, 0x30cf],
  0x30d2,
  0x30d5,
  0x30d8,
  0x30db,
  [0x30de, 0x30e2],
  0x30e4,
  0x30e6,
  [0x30e8, 0x30ed],
  0x30ef,
  [0x30f2, 0x30f3],
  [0x2d30, 0x2d53],
  [0xd85, 0xd86],
  [0xd89, 0xd96],
  [0xd9a, 0xd9e],
  [0xda0, 0xda4],
  0xda7,
  [0xda5, 0xda6],
  0xda9,
  0xda8,
  [0xdaa, 0xdb0],
];

const encoder = new TextEncoder();
const SYMBOLS: readonly Uint8Array[] = CODE_POINTS.flatMap((part) => {
  const [first, last] = typeof part === "number" ? [part, part] : part;
  return Array.from({ length: last - first + 1 }, (_, i) => encoder.encode(String.fromCodePoint(first + i)));
});
/** Of root, and of all subnets beyond the last symbol. */
const TAU = SYMBOLS[0]!;

/** UTF-8 of the symbol that belongs to a netuid. */
export function tokenSymbol(netuid: Netuid): Uint8Array {
  return SYMBOLS[netuid] ?? TAU;
}

/** UTF-8 of the symbol a new subnet gets: its own, or the first that is free. */
export function freeSymbol(s: Reader, netuid: Netuid): Uint8Array {
  const taken = takenSymbols(s);
  const isFree = (symbol: Uint8Array) => !taken.has(bytesToHex(symbol));
  const own = tokenSymbol(netuid);
  return isFree(own) ? own : (SYMBOLS.slice(1).find(isFree) ?? TAU);
}

/** May a subnet call itself so? Not like root. */
export function isSymbol(bytes: Uint8Array): boolean {
  return SYMBOLS.slice(1).some((symbol) => Buffer.compare(symbol, bytes) === 0);
}

export function isSymbolTaken(s: Reader, bytes: Uint8Array): boolean {
  return takenSymbols(s).has(bytesToHex(bytes));
}

function takenSymbols(s: Reader): Set<string> {
  return new Set([...Networks.TokenSymbol.entries(s)].map(([, symbol]) => bytesToHex(symbol)));
}
