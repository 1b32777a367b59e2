import type { Netuid } from "../../../../shared/types.ts";

const encoder = new TextEncoder();

/** Symbols in the order of netuids from 0: tau for root, then the Greek letters. */
const SYMBOLS = [..."Ταβγδεζηθικλμνξοπρστυφχψω"];
/** Mathematical italic small tau. */
const DEFAULT_SYMBOL = "\u{1D70F}";

/** UTF-8 of the symbol a new subnet gets. */
export function tokenSymbol(netuid: Netuid): Uint8Array {
  return encoder.encode(SYMBOLS[netuid] ?? DEFAULT_SYMBOL);
}
