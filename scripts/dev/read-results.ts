import { setTimeout as delay } from "node:timers/promises";
import { request } from "undici";
import type { SignedResult } from "../../shared/journal/result-records.ts";
import { type ResultRecord, type ResultSignature, verifyResult } from "../../shared/rules/result-digest.ts";
import type { Hex, Hotkey } from "../../shared/types.ts";

const TIMEOUT_MS = 5_000;

/** The page is renewed a moment after something was signed. */
const TRIES = 20;
const PAUSE_MS = 100;

/** A result as a consumer got it over HTTP. */
export type ReadResult = ResultRecord &
  Pick<SignedResult, "facts"> & {
    signatures: readonly ResultSignature[];
    /** Every signature is one over this record, and one of them is the validator's. */
    verified: boolean;
  };

export type ReadResults = { url: string; topics: ReadResult[] };

/**
 * The newest result of every topic, read back from the consumer endpoint and checked as any consumer can.
 *
 * @param url - As `results.served` tells it.
 * @throws Error when the endpoint does not answer
 */
export async function readResults(
  url: string,
  by: { genesis: Hex; validator: Hotkey },
): Promise<ReadResults> {
  let names: string[] = [];
  for (let tries = 0; names.length === 0 && tries < TRIES; tries++) {
    if (tries > 0) await delay(PAUSE_MS);
    const { topics } = await get<{ topics: { topic: string }[] }>(`${url}/topics`);
    names = topics.map(({ topic }) => topic);
  }
  const topics: ReadResult[] = [];
  for (const name of names) {
    const served = await get<ReadResult>(`${url}/topics/${name}/latest`);
    const { netuid, topic, epoch, value, ci, validUntil, nonce, facts, signatures } = served;
    const record = { netuid, topic, epoch, value, ci, validUntil, nonce };
    const verified =
      signatures.every((signature) => verifyResult(by.genesis, record, signature)) &&
      signatures.some(({ signer }) => signer === by.validator);
    topics.push({ ...record, facts, signatures, verified });
  }
  return { url, topics };
}

/** For people: what was read, and whether its signatures hold. */
export function resultLines({ url, topics }: ReadResults): string[] {
  return topics.map(({ topic, nonce, value, signatures, verified }) => {
    const read = `${url}/topics/${topic}/latest is ${value}, nonce ${nonce}`;
    return `results  ${read}: ${signatures.length} signatures ${verified ? "verified ✓" : "✗ of somebody else"}`;
  });
}

async function get<Document>(url: string): Promise<Document> {
  const { statusCode, body } = await request(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (statusCode !== 200) throw new Error(`${url} answers ${statusCode}`);
  return (await body.json()) as Document;
}
