/** Storage of `Timestamp.Now`: twox128 of both words. */
export const TIMESTAMP_KEY = "0xf0c365c3cf59d671eb72da0e7a4113c49f1f0515f462cdcf84e0f1d6045dfcbb";

/** What the chain stored there, Unix ms; undefined when it is no such thing. */
export function parseBlockTime(answer: unknown): number | undefined {
  if (typeof answer !== "string" || !/^0x[0-9a-f]{16}$/.test(answer)) return undefined;
  return Number(Buffer.from(answer.slice(2), "hex").readBigUInt64LE());
}
