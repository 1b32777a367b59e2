import { type LookupAddress, lookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { Agent, request } from "undici";
import { type AddressPolicy, checkAddress } from "../../shared/wire/address-policy.ts";
import { ModelRefusal, Unreached } from "./model-refusal.ts";

const CONNECT_TIMEOUT_MS = 5_000;
const MAX_HEADER_BYTES = 16_384;
const HTTPS_PORT = 443;

/**
 * A file from an https address that a stranger chose: no redirect, nothing compressed, no proxy, and no connection to an
 * address that the policy refuses, whatever a name leads to at that moment. Who reads bounds the bytes.
 *
 * @param ca - Certificates to trust instead of the system's.
 * @throws ModelRefusal bad-address, not-served. Unreached
 */
export async function* webPieces(
  uri: string,
  policy: AddressPolicy,
  signal: AbortSignal,
  ca?: string,
): AsyncGenerator<Uint8Array> {
  const url = new URL(uri);
  const port = Number(url.port || HTTPS_PORT);
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  // Node looks up names only: an address in the place of a name is checked here.
  if (isIP(host) && !checkAddress(host, port, policy).ok) throw new ModelRefusal("bad-address", host);
  const agent = new Agent({
    ...{ connections: 1, pipelining: 1, maxHeaderSize: MAX_HEADER_BYTES },
    connect: { timeout: CONNECT_TIMEOUT_MS, lookup: checkedLookup(port, policy), ...(ca && { ca }) },
  });
  try {
    const reply = await request(url, {
      dispatcher: agent,
      signal,
      headers: { "accept-encoding": "identity" },
    });
    const encoding = reply.headers["content-encoding"] ?? "identity";
    if (reply.statusCode !== 200 || encoding !== "identity")
      throw new ModelRefusal("not-served", `status ${reply.statusCode}, ${encoding}`);
    for await (const chunk of reply.body) yield chunk as Uint8Array;
  } catch (error) {
    throw refusedAddress(error) ?? new Unreached(String(error), { cause: error });
  } finally {
    await agent.destroy();
  }
}

/** The very addresses that are then called: nothing changes between the check and the call. */
function checkedLookup(port: number, policy: AddressPolicy): LookupFunction {
  return (host, options, done) => {
    lookup(host, { ...options, all: true }, (error, found: LookupAddress[]) => {
      const allowed = (found ?? []).filter(({ address }) => checkAddress(address, port, policy).ok);
      const [first] = allowed;
      if (error) done(error, "", 0);
      else if (!first)
        done(new ModelRefusal("bad-address", `${host} leads to no address that is called`), "", 0);
      else if (options.all) done(null, allowed);
      else done(null, first.address, first.family);
    });
  };
}

function refusedAddress(error: unknown): ModelRefusal | undefined {
  if (error instanceof ModelRefusal) return error;
  return error instanceof Error && error.cause instanceof ModelRefusal ? error.cause : undefined;
}
