import { open } from "node:fs/promises";
import type { SignedFeedPoint } from "../../shared/rules/feed-point.ts";
import type { FeedPoint } from "../../shared/template.ts";
import type { AddressPolicy } from "../../shared/wire/address-policy.ts";
import { webPieces } from "../audit/web-pieces.ts";
import { findPoint, MAX_FEED_BYTES } from "./feed-lines.ts";

/** Where each feed lies, by its name: the path of a file, or an https address. */
export type FeedPlaces = ReadonlyMap<string, string>;

/**
 * A point of a signed feed, as a source of truth gives it. Who signed it is the template's to say. An address is called as
 * those of strangers are: public ones alone, no redirect, nothing compressed, so many bytes and no more.
 *
 * @throws TruthPending when the feed has not come so far. Error, or what `webPieces` throws, for everything else
 */
export async function readFeed(
  { feed, time }: FeedPoint,
  { places, policy }: { places: FeedPlaces; policy: AddressPolicy },
  signal: AbortSignal,
): Promise<SignedFeedPoint> {
  const place = places.get(feed);
  if (place === undefined)
    throw new Error(`no place of the feed ${feed} is known: name it with --truth-feed`);
  const text = isAddress(place) ? await download(place, policy, signal) : await readTail(place);
  return findPoint(text, time);
}

export function isAddress(place: string): boolean {
  return /^https:\/\//i.test(place);
}

async function download(url: string, policy: AddressPolicy, signal: AbortSignal): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of webPieces(url, policy, signal)) {
    bytes += piece.length;
    if (bytes > MAX_FEED_BYTES) throw new Error(`the feed is larger than ${MAX_FEED_BYTES} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

/** Of a longer file its end, from a whole line on. */
async function readTail(path: string): Promise<string> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - MAX_FEED_BYTES);
    const bytes = Buffer.alloc(size - from);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
    const text = bytes.toString("utf8", 0, bytesRead);
    return from === 0 ? text : text.slice(text.indexOf("\n") + 1);
  } finally {
    await file.close();
  }
}
