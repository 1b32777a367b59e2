import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { request } from "undici";
import { z } from "zod";
import { checkAddress } from "../shared/wire/address-policy.ts";
import { type Announcement, formatAddress } from "./announce.ts";

/** What was found at an announced address, and what that proves. */
export type Reach = {
  /** `unknown`: nothing can be said from here, or the helper is down, which is not this miner's outage. */
  verdict: "reached" | "unreachable" | "unknown";
  /** What was found, in words. */
  fact: string;
  next?: string;
};

const TIMEOUT_MS = 5_000;
const MAX_ANSWER_BYTES = 4_096;
/** Any port that a validator calls: only the address matters here. */
const ANY_PORT = 8_091;

/**
 * A connection from here to the announced address, as far as that proves anything. When the address is one of this
 * machine's own, packets never leave it, and no firewall was asked. When it is not, a router may refuse to send packets
 * back to where they came from although others get through: not being met is then no proof either.
 *
 * @param helper - Address of somebody outside who tries it for us: see `askHelper`.
 */
export async function probeAddress(
  address: Announcement,
  options: { helper?: string | undefined; ownAddresses?: readonly string[]; timeoutMs?: number } = {},
): Promise<Reach> {
  const { helper, ownAddresses = listOwnAddresses(), timeoutMs = TIMEOUT_MS } = options;
  if (helper !== undefined) return judgeHelper(address, await askHelper(helper, address.port, timeoutMs));
  const where = formatAddress(address);
  const isOwn = ownAddresses.includes(address.ip);
  const problem = await callHealth(address, timeoutMs);
  if (problem === undefined) {
    const far = isOwn
      ? "from this machine, past no firewall: --reach-helper asks somebody outside"
      : "through the network of this machine";
    return { verdict: "reached", fact: `${where} is a miner that answers; called ${far}` };
  }
  const next = stepsFor(address.port);
  if (isOwn || problem.kind === "foreign") {
    return { verdict: "unreachable", fact: `${where}: ${problem.text}`, next };
  }
  return {
    verdict: "unknown",
    fact: `${where}: ${problem.text}; called from inside, where a router may not send back what others can reach`,
    next: `ask somebody outside: --reach-helper URL; else ${next}`,
  };
}

type Helped = { ok: true; ip: string | undefined; reachable: boolean } | { ok: false; reason: string };

const HelperAnswer = z.object({ ip: z.string().max(64).optional(), reachable: z.boolean() });

/**
 * Asks somebody outside: `GET <helper>?port=8091`, which tries to connect back to whoever asks and answers
 * `{"ip": "203.0.113.7", "reachable": true}`. Anything that serves this will do; the operator names it, nobody else.
 */
async function askHelper(helper: string, port: number, timeoutMs: number): Promise<Helped> {
  try {
    const url = new URL(helper);
    url.searchParams.set("port", String(port));
    const { status, bytes } = await get(url.href, 2 * timeoutMs);
    if (status !== 200) return { ok: false, reason: `it answers ${status}` };
    const { ip, reachable } = HelperAnswer.parse(JSON.parse(bytes.toString("utf8")));
    return { ok: true, ip: ip !== undefined && isIP(ip) ? ip : undefined, reachable };
  } catch (error) {
    return { ok: false, reason: reasonOf(error) };
  }
}

function judgeHelper(address: Announcement, helped: Helped): Reach {
  const where = formatAddress(address);
  if (!helped.ok) {
    return {
      verdict: "unknown",
      fact: `the helper cannot be asked: ${helped.reason}; that is its outage, not this miner's`,
    };
  }
  if (helped.ip !== undefined && helped.ip !== address.ip) {
    return {
      verdict: "unreachable",
      fact: `from outside this machine is ${helped.ip}, not ${address.ip}`,
      next: `announce that one: --announce ${formatAddress({ ip: helped.ip, port: address.port })}`,
    };
  }
  if (helped.reachable) return { verdict: "reached", fact: `${where} is reached from outside` };
  return {
    verdict: "unreachable",
    fact: `${where} is not reached from outside`,
    next: stepsFor(address.port),
  };
}

/** The one public address of this machine, or why it is not clear. */
export type Detected = { ok: true; ip: string; from: "interface" | "helper" } | { ok: false; why: string };

/**
 * Which address do others see? The helper's word first; else the only public address of an interface. Behind a router no
 * interface has one, and then nobody here can know.
 */
export async function detectAddress(
  options: { helper?: string | undefined; ownAddresses?: readonly string[]; timeoutMs?: number } = {},
): Promise<Detected> {
  const { helper, ownAddresses = listOwnAddresses(), timeoutMs = TIMEOUT_MS } = options;
  if (helper !== undefined) {
    const helped = await askHelper(helper, ANY_PORT, timeoutMs);
    if (helped.ok && helped.ip !== undefined) return { ok: true, ip: helped.ip, from: "helper" };
    return { ok: false, why: helped.ok ? "the helper names no address" : `the helper: ${helped.reason}` };
  }
  const open = ownAddresses.filter((ip) => checkAddress(ip, ANY_PORT, { allowPrivate: false }).ok);
  for (const family of [4, 6]) {
    const found = open.filter((ip) => isIP(ip) === family);
    if (found.length === 1) return { ok: true, ip: found[0]!, from: "interface" };
    if (found.length > 1) return { ok: false, why: `this machine has several: ${found.join(", ")}` };
  }
  return { ok: false, why: "no interface has a public address: this machine is behind a router" };
}

function listOwnAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((entries) =>
    (entries ?? []).map(({ address }) => address),
  );
}

type Problem = { kind: "silent" | "foreign"; text: string };

/** @returns undefined when a miner answers there. */
async function callHealth(address: Announcement, timeoutMs: number): Promise<Problem | undefined> {
  try {
    const { bytes } = await get(`http://${formatAddress(address)}/health/live`, timeoutMs);
    const body: unknown = JSON.parse(bytes.toString("utf8"));
    const isMiner = typeof body === "object" && body !== null && (body as { ok?: unknown }).ok === true;
    return isMiner ? undefined : { kind: "foreign", text: "something else answers there" };
  } catch (error) {
    if (error instanceof SyntaxError) return { kind: "foreign", text: "something else answers there" };
    return { kind: "silent", text: reasonOf(error) };
  }
}

/** No redirects, no proxy, a few bytes, one deadline for everything. */
async function get(url: string, timeoutMs: number): Promise<{ status: number; bytes: Buffer }> {
  const signal = AbortSignal.timeout(timeoutMs);
  const { statusCode, body } = await request(url, {
    signal,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) throw new Error(`it answers more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return { status: statusCode, bytes: Buffer.concat(chunks) };
}

function stepsFor(port: number): string {
  return `open TCP ${port} in the firewall, the provider's security group and the router; listen with --host 0.0.0.0`;
}

function reasonOf(error: unknown): string {
  const { code, name, message } = error as NodeJS.ErrnoException;
  if (name === "TimeoutError" || code === "UND_ERR_CONNECT_TIMEOUT") return "no answer in time";
  if (code === "ECONNREFUSED") return "nothing listens there";
  return (code ?? message ?? String(error)).slice(0, 200);
}
