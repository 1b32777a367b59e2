import { BlockList, isIP, isIPv4 } from "node:net";
import { SubforgeError } from "../shared/errors.ts";

export const LOOPBACK = "127.0.0.1";

const LOOPBACK_ADDRESSES = new BlockList();
LOOPBACK_ADDRESSES.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK_ADDRESSES.addAddress("::1", "ipv6");

const LOOPBACK_NAMES = new Set(["localhost", LOOPBACK, "[::1]"]);

/**
 * Who may call a port that asks for no signature: this machine, and the addresses named one by one.
 *
 * @param host - Address to listen on.
 * @throws SubforgeError LOCAL_PORT_EXPOSED for any but loopback without such a list; CONFIG_INVALID for a list of
 * anything but addresses
 */
export function localCallers(
  host: string,
  allow: readonly string[],
): (address: string | undefined) => boolean {
  const problems = allow
    .filter((one) => isIP(one) === 0)
    .map((one) => `${JSON.stringify(one)} is no IP address`);
  if (problems.length > 0) throw new SubforgeError("CONFIG_INVALID", { what: "the local port", problems });
  const isOpen = isIP(host) === 0 || !has(LOOPBACK_ADDRESSES, host);
  if (isOpen && allow.length === 0) throw new SubforgeError("LOCAL_PORT_EXPOSED", { host });
  const allowed = new BlockList();
  for (const one of allow) allowed.addAddress(one, family(one));
  return (address) => address !== undefined && (has(LOOPBACK_ADDRESSES, address) || has(allowed, address));
}

/**
 * Did this request come from a program that meant this server? A web page can have its own name resolve to this
 * machine, or send a form here, but then the browser says so: in `Host`, in `Origin` or in `Sec-Fetch-Site`.
 *
 * @param localAddress - The end of the connection that is ours.
 */
export function isFromProgram(
  headers: { host?: string | undefined; origin?: unknown; "sec-fetch-site"?: unknown },
  localAddress: string | undefined,
): boolean {
  const site = headers["sec-fetch-site"];
  if (headers.origin !== undefined || (site !== undefined && site !== "none")) return false;
  const name = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(:[0-9]{1,5})?$/i.exec(headers.host ?? "")?.[1]?.toLowerCase();
  if (name === undefined) return false;
  return LOOPBACK_NAMES.has(name) || (localAddress !== undefined && name === hostOf(plain(localAddress)));
}

/** As it stands in a URL. */
export function hostOf(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}

function has(addresses: BlockList, address: string): boolean {
  const one = plain(address);
  return isIP(one) !== 0 && addresses.check(one, family(one));
}

/** An IPv4 caller of a socket that listens on both kinds. */
function plain(address: string): string {
  const mapped = address.startsWith("::ffff:") ? address.slice("::ffff:".length) : "";
  return isIPv4(mapped) ? mapped : address;
}

function family(address: string): "ipv4" | "ipv6" {
  return isIPv4(address) ? "ipv4" : "ipv6";
}
