import { SubforgeError } from "../errors.ts";
import { Secret } from "../keys/secret.ts";

/** One Redis, in the three ways it is run. Holds secrets: say `where`, never the address itself. */
export type RedisAddress = {
  kind: "single" | "cluster" | "sentinel";
  /** Of Redis itself, of some nodes of the cluster, or of the sentinels. */
  hosts: { host: string; port: number }[];
  /** Name of the master, for sentinels alone. */
  master: string | undefined;
  /** 0..15. */
  database: number;
  username: string | undefined;
  password: Secret | undefined;
  sentinelPassword: Secret | undefined;
  /** Files that TLS needs, PEM. Undefined: clear text. */
  tls: Partial<Record<TlsWord, string>> | undefined;
  /** Hosts and ports: fit for a log. */
  where: string;
};

type TlsWord = "ca" | "cert" | "key" | "servername";

const MAX_CHARS = 4_096;
const MAX_HOSTS = 32;
const MAX_DATABASE = 15;
const DEFAULT_PORT = { single: 6_379, cluster: 6_379, sentinel: 26_379 } as const;

const FORM = /^(rediss?)(?:\+(cluster|sentinel))?:\/\/(?:([^@/?#]*)@)?([^@/?#]+)(\/[^?#]*)?(?:\?([^#]*))?$/;
const HOST = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252}))(?::(\d{1,5}))?$/;
const MASTER = /^[A-Za-z0-9._-]{1,128}$/;

/**
 * ```
 * redis[s]://[[user]:password@]host[:port][/database]
 * redis[s]+cluster://[[user]:password@]host[:port],host[:port],…
 * redis[s]+sentinel://[[user]:password@]host[:port],…/master[/database]
 * ```
 * with `?ca=FILE&cert=FILE&key=FILE&servername=NAME` behind a `rediss` address, and `sentinel-password=…` behind one of
 * sentinels. Names, passwords and values are percent-encoded.
 *
 * @throws SubforgeError QUEUE_ADDRESS, which never repeats what was given
 */
export function parseRedisAddress(text: string): RedisAddress {
  const [, scheme, mode, account, hostList, path = "", query = ""] =
    (text.length <= MAX_CHARS && FORM.exec(text)) || [];
  if (!scheme || !hostList) {
    throw wrong("it is no redis://, rediss://, redis+cluster:// or redis+sentinel:// address");
  }
  const kind = (mode ?? "single") as RedisAddress["kind"];
  const hosts = parseHosts(hostList, kind);
  const words = parseWords(query, kind, scheme === "rediss");
  const { sentinelPassword, ...tls } = words;
  if ((tls.cert === undefined) !== (tls.key === undefined)) throw wrong("cert and key belong together");
  return {
    kind,
    hosts,
    ...parsePath(path, kind),
    ...parseAccount(account),
    sentinelPassword: sentinelPassword === undefined ? undefined : new Secret(sentinelPassword),
    tls: scheme === "rediss" ? tls : undefined,
    where: hosts.map(({ host, port }) => `${host.includes(":") ? `[${host}]` : host}:${port}`).join(","),
  };
}

/**
 * Whoever reaches Redis can read jobs and throw them away: outside this machine it needs a password, and TLS unless
 * the network itself is private. Also for hosts that a cluster or a sentinel names later.
 *
 * @returns What is wrong with this host, undefined when nothing is.
 */
export function hostProblem(
  host: string,
  address: Pick<RedisAddress, "password" | "tls">,
  privateNetwork: boolean,
): string | undefined {
  if (isLoopback(host)) return undefined;
  if (!address.password) return `${host} is another machine: name a password`;
  if (!address.tls && !privateNetwork) {
    return `${host} is another machine: use rediss://, or say that the network is private`;
  }
  return undefined;
}

function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1)$/i.test(host);
}

function parseHosts(list: string, kind: RedisAddress["kind"]): RedisAddress["hosts"] {
  const entries = list.split(",");
  if (entries.length > MAX_HOSTS) throw wrong(`it names more than ${MAX_HOSTS} hosts`);
  if (kind === "single" && entries.length > 1) {
    throw wrong("several hosts are a cluster or sentinels: use redis+cluster:// or redis+sentinel://");
  }
  return entries.map((entry, index) => {
    const [, host, digits] = HOST.exec(entry) ?? [];
    const port = digits === undefined ? DEFAULT_PORT[kind] : Number(digits);
    if (host === undefined) throw wrong(`host ${index + 1} of ${entries.length} is none`);
    if (port < 1 || port > 65_535) throw wrong(`the port of host ${index + 1} is not in 1..65535`);
    return { host: host.replace(/^\[|\]$/g, ""), port };
  });
}

function parsePath(path: string, kind: RedisAddress["kind"]): Pick<RedisAddress, "master" | "database"> {
  const parts = path.split("/").slice(1).filter(Boolean).map(decode);
  const master = kind === "sentinel" ? parts.shift() : undefined;
  if (kind === "sentinel" && !(master && MASTER.test(master))) {
    throw wrong("sentinels need the name of their master: redis+sentinel://host:26379/NAME");
  }
  const [digits = "0", ...more] = parts;
  const database = /^\d{1,2}$/.test(digits) ? Number(digits) : Number.NaN;
  if (more.length > 0 || !(database <= MAX_DATABASE))
    throw wrong(`its database is not in 0..${MAX_DATABASE}`);
  if (kind === "cluster" && database !== 0) throw wrong("a cluster has the database 0 alone");
  return { master, database };
}

function parseAccount(account: string | undefined): Pick<RedisAddress, "username" | "password"> {
  if (account === undefined) return { username: undefined, password: undefined };
  const at = account.indexOf(":");
  const username = decode(at < 0 ? account : account.slice(0, at));
  const password = at < 0 ? "" : decode(account.slice(at + 1));
  if (username && !password) throw wrong("it names a user and no password");
  return { username: username || undefined, password: password ? new Secret(password) : undefined };
}

function parseWords(
  query: string,
  kind: RedisAddress["kind"],
  isTls: boolean,
): Partial<Record<TlsWord | "sentinelPassword", string>> {
  const words: Partial<Record<TlsWord | "sentinelPassword", string>> = {};
  for (const part of query.split("&").filter(Boolean)) {
    const at = part.indexOf("=");
    const name = at < 0 ? part : part.slice(0, at);
    const value = at < 0 ? "" : decode(part.slice(at + 1));
    const word = WORDS.find(({ named }) => named === name);
    // A wrong word may be a password at the wrong place: it is not repeated.
    if (!word) throw wrong(`it has a word that is none of ${WORDS.map(({ named }) => named).join(", ")}`);
    if (word.is === "sentinelPassword" && kind !== "sentinel") throw wrong(`${name} is for sentinels`);
    if (word.is !== "sentinelPassword" && !isTls) throw wrong(`${name} is for rediss:// addresses`);
    if (!value || words[word.is] !== undefined) throw wrong(`${name} is empty or named twice`);
    words[word.is] = value;
  }
  return words;
}

const WORDS = [
  { named: "ca", is: "ca" },
  { named: "cert", is: "cert" },
  { named: "key", is: "key" },
  { named: "servername", is: "servername" },
  { named: "sentinel-password", is: "sentinelPassword" },
] as const;

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong("a % in it begins no percent-encoded character");
  }
}

function wrong(problem: string): SubforgeError<"QUEUE_ADDRESS"> {
  return new SubforgeError("QUEUE_ADDRESS", { problem });
}
