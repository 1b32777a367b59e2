/** Where the model is when its miner hands it out itself: ask the axon that its hotkey announced. */
export const AXON_URI = "axon:";

/** Longest address. What else is in the payload of a commitment takes less than 60 bytes. */
export const MAX_MODEL_URI_BYTES = 440;

/** Can a commitment say that a model is there? */
export function isModelUri(uri: string): boolean {
  if (uri === AXON_URI) return true;
  if (Buffer.byteLength(uri) > MAX_MODEL_URI_BYTES || !/^https:\/\/[\x21-\x7e]+$/.test(uri)) return false;
  return URL.canParse(uri);
}
