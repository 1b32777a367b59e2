import { BlockList, isIPv4, isIPv6 } from "node:net";
import { isPortAllowed, type PortRule } from "./port-rule.ts";

/*
 * Whom we call. Addresses come from the chain, so from strangers: without a rule, a miner could point every validator
 * at something inside its own network.
 */

export type AddressPolicy = {
  /** Loopback and private networks too: for a development chain. Link-local, with its metadata services, never. */
  allowPrivate: boolean;
  /** Addresses of this machine as others see it: calling oneself is somebody's trick. */
  own?: readonly string[] | undefined;
  /** Beside the ports that nobody is called on. */
  ports?: PortRule | undefined;
};

export type AddressVerdict =
  | { ok: true; origin: string }
  | { ok: false; why: "not-numeric" | "not-public" | "own-address" | "port" };

/**
 * Is this an address to call? Only numeric ones, so that nothing can change between this check and the call.
 *
 * Source of the ranges: the IANA registries of special-purpose IPv4 and IPv6 addresses.
 *
 * @param address - Text as the chain gives it.
 */
export function checkAddress(address: string, port: number, policy: AddressPolicy): AddressVerdict {
  const ip = (policy.allowPrivate && mappedPrivate(address)) || address;
  const family = isIPv4(ip) ? "ipv4" : isIPv6(ip) && !ip.includes("%") ? "ipv6" : undefined;
  if (!family) return { ok: false, why: "not-numeric" };
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return { ok: false, why: "port" };
  if (policy.own?.length && ownAddresses(policy.own).check(ip, family))
    return { ok: false, why: "own-address" };
  const origin = `http://${family === "ipv6" ? `[${ip}]` : ip}:${port}`;
  if (isPrivate(ip, family))
    return policy.allowPrivate ? { ok: true, origin } : { ok: false, why: "not-public" };
  if (!isGlobal(ip, family)) return { ok: false, why: "not-public" };
  return isPortAllowed(port, policy.ports) ? { ok: true, origin } : { ok: false, why: "port" };
}

/**
 * The chain refuses 127.0.0.1 for an axon, on a development chain too, but takes its IPv6 spelling: there, and only
 * there, `::ffff:127.0.0.1` is what it says.
 */
function mappedPrivate(address: string): string | undefined {
  if (!isIPv6(address) || address.includes("%")) return undefined;
  const groups = /^\[::ffff:([0-9a-f]+):([0-9a-f]+)\]$/.exec(new URL(`http://[${address}]`).hostname);
  if (!groups) return undefined;
  const [high, low] = [Number.parseInt(groups[1]!, 16), Number.parseInt(groups[2]!, 16)];
  const ip = [high >> 8, high & 255, low >> 8, low & 255].join(".");
  return PRIVATE_V4.check(ip, "ipv4") ? ip : undefined;
}

type Family = "ipv4" | "ipv6";

const PRIVATE_V4 = blockList("ipv4", ["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]);
const PRIVATE_V6 = blockList("ipv6", ["::1/128", "fc00::/7"]);

const SPECIAL_V4 = blockList("ipv4", [
  "0.0.0.0/8", // this network
  "100.64.0.0/10", // shared by carriers
  "169.254.0.0/16", // link-local, cloud metadata
  "192.0.0.0/24", // protocol assignments
  "192.0.2.0/24", // documentation
  "192.31.196.0/24", // AS112: answers for addresses of nobody
  "192.52.193.0/24", // multicast tunnels
  "192.88.99.0/24", // 6to4 relays
  "192.175.48.0/24", // AS112
  "198.18.0.0/15", // benchmarks
  "198.51.100.0/24", // documentation
  "203.0.113.0/24", // documentation
  "224.0.0.0/4", // multicast
  "240.0.0.0/4", // reserved and broadcast
]);

/** The only range from which public IPv6 addresses are given out. */
const GLOBAL_V6 = blockList("ipv6", ["2000::/3"]);
const SPECIAL_V6 = blockList("ipv6", [
  "2001::/23", // protocol assignments: Teredo, benchmarks, ORCHID
  "2001:db8::/32", // documentation
  "2002::/16", // 6to4: an IPv4 address inside
  "2620:4f:8000::/48", // AS112
  "3fff::/20", // documentation
]);

function isPrivate(ip: string, family: Family): boolean {
  return family === "ipv4" ? PRIVATE_V4.check(ip, "ipv4") : PRIVATE_V6.check(ip, "ipv6");
}

function isGlobal(ip: string, family: Family): boolean {
  return family === "ipv4"
    ? !SPECIAL_V4.check(ip, "ipv4")
    : GLOBAL_V6.check(ip, "ipv6") && !SPECIAL_V6.check(ip, "ipv6");
}

function blockList(family: Family, ranges: string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [net, bits] = range.split("/") as [string, string];
    list.addSubnet(net, Number(bits), family);
  }
  return list;
}

/** Made once for each list: a worker has one, and checks every target with it. */
function ownAddresses(own: readonly string[]): BlockList {
  let list = ownLists.get(own);
  if (!list) {
    list = new BlockList();
    for (const ip of own) list.addAddress(ip, isIPv4(ip) ? "ipv4" : "ipv6");
    ownLists.set(own, list);
  }
  return list;
}

const ownLists = new WeakMap<readonly string[], BlockList>();
