/* What verifying and signing share: the buffers that the host writes into, the generator's table, and the message. */
import { fillTable, tableBytes } from "./comb.ts";
import { absorb, keepPrefix, startMessage } from "./transcript.ts";

export { tableBytes };

export const SIGNATURE: usize = memory.data(64, 8);
export const PUBLIC_KEY: usize = memory.data(32, 8);
export const MESSAGE: usize = memory.data(4096, 8);

/** The generator: X, Y, Z, T. */
const BASE: usize = memory.data<i32>([
  52811034, 25909283, 16144682, 17082669, 27570973, 30858332, 40966398, 8378388, 20764389, 8758491, 40265304,
  26843545, 13421772, 20132659, 26843545, 6710886, 53687091, 13421772, 40265318, 26843545, 1, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 28827043, 27438313, 39759291, 244362, 8635006, 11264893, 19351346, 13413597, 16611511, 27139452,
]);

/** Once, before anything else. `table` is memory of the host's, of tableBytes(width), for multiples of the generator. */
export function start(table: usize, width: i32): void {
  keepPrefix();
  fillTable(table, BASE, width);
}

/** A message of so many bytes, which then come through MESSAGE, in pieces where it is larger than that. */
export function begin(messageLength: i32): void {
  startMessage(messageLength);
}

export function take(length: i32): void {
  absorb(MESSAGE, length);
}
