import { SubforgeError } from "../shared/errors.ts";
import type { Hex } from "../shared/types.ts";
import { nearest } from "./nearest.ts";

/** Networks with a name, as btcli knows them. */
const ENDPOINTS: Record<string, string> = {
  local: "ws://127.0.0.1:9944",
  finney: "wss://entrypoint-finney.opentensor.ai:443",
  test: "wss://test.finney.opentensor.ai:443",
};

/** Genesis of the chains on which a key is worth money or a name. Source: btcli. */
const PUBLIC_GENESIS: Record<string, string> = {
  "0x2f0555cc76fc2840a25a6ea3b9637146806f1f44b090c175ffde2a7e5ab36c03": "finney",
  "0x8f9cf856bf558a14440e75569c9e58594757048d7b3a84b5d25f6bd978263105": "test",
};

/**
 * The WebSocket address behind `--network`.
 *
 * @throws SubforgeError CLI_USAGE for a value that is neither a known name nor a ws:// or wss:// address
 */
export function endpointOf(network: string): string {
  const named = Object.hasOwn(ENDPOINTS, network) ? ENDPOINTS[network] : undefined;
  if (named !== undefined) return named;
  if (/^wss?:\/\/[^/]/.test(network) && URL.canParse(network)) return network;
  const names = Object.keys(ENDPOINTS);
  const guess = nearest(network, names);
  throw new SubforgeError("CLI_USAGE", {
    problem: `--network ${network} is neither ${names.join(", ")} nor an address such as ws://127.0.0.1:9944${guess ? `; did you mean ${guess}?` : ""}`,
    command: "",
  });
}

/**
 * What `--network` names, one chain or several addresses of one: its addresses, best known first, and the genesis that
 * they must have where a name says which chain is meant.
 *
 * @param network - Names and addresses, separated by commas.
 * @throws SubforgeError CLI_USAGE as `endpointOf`, and for names of different networks
 */
export function chainAt(network: string): { endpoint: string[]; genesis?: Hex } {
  const parts = network.split(",").map((part) => part.trim());
  const endpoint = [...new Set(parts.map(endpointOf))];
  const named = Object.entries(PUBLIC_GENESIS).filter(([, name]) => parts.includes(name));
  if (named.length > 1) {
    const names = named.map(([, name]) => name).join(" and ");
    throw new SubforgeError("CLI_USAGE", { problem: `${names} are different networks`, command: "" });
  }
  const [genesis] = named[0] ?? [];
  return genesis === undefined ? { endpoint } : { endpoint, genesis: genesis as Hex };
}

/**
 * Everybody knows the development keys, so they must never own anything on a public network.
 *
 * @param genesis - Genesis hash that the chain itself reported.
 * @param endpoints - Where it was reached: a public address is refused even if it lies about its genesis.
 * @throws SubforgeError WALLET_DEV_KEY_REFUSED
 */
export function assertDevKeyAllowed(genesis: string, ...endpoints: string[]): void {
  const hosts = endpoints.map(hostOf);
  const byEndpoint = Object.entries(ENDPOINTS).find(
    ([name, url]) => name !== "local" && hosts.includes(hostOf(url)),
  )?.[0];
  const network = publicNetwork(genesis) ?? byEndpoint;
  const endpoint = endpoints.join(", ");
  if (network !== undefined) throw new SubforgeError("WALLET_DEV_KEY_REFUSED", { network, endpoint });
}

/** @returns Name of the public network with this genesis; undefined for any other chain. */
export function publicNetwork(genesis: string): string | undefined {
  return PUBLIC_GENESIS[genesis.toLowerCase()];
}

/** Is this address on this machine? */
export function isLocal(endpoint: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostOf(endpoint));
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : url;
}
