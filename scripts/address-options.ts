import { isIP } from "node:net";
import { SubforgeError } from "../shared/errors.ts";
import { type PortRule, parsePortRanges } from "../shared/wire/port-rule.ts";

/** Which addresses of miners a worker calls, beyond what no worker ever calls. */
export const addressOptions = {
  "allow-ports": {
    type: "string",
    default: "",
    describe: "Ports of miners to call although services listen there, such as 22,6000-6100",
  },
  "deny-ports": { type: "string", default: "", describe: "Ports of miners that are never called" },
  "own-address": {
    type: "string",
    default: "",
    describe: "Public addresses of this machine behind a router, with commas: no miner is called there",
  },
} as const;

/** Those flags, parsed. */
export type AddressArgs = { allowPorts: string; denyPorts: string; ownAddress: string };

/** @throws SubforgeError CONFIG_INVALID */
export function addressRules(args: AddressArgs): { ports: PortRule; ownAddresses: string[] } {
  const ports = {
    allow: parsePortRanges(args.allowPorts, "--allow-ports"),
    deny: parsePortRanges(args.denyPorts, "--deny-ports"),
  };
  const ownAddresses = args.ownAddress
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
  const wrong = ownAddresses.filter((address) => isIP(address) === 0);
  if (wrong.length === 0) return { ports, ownAddresses };
  const problems = wrong.map((address) => `${address} is no IP address`);
  throw new SubforgeError("CONFIG_INVALID", { what: "--own-address", problems });
}

/** The same flags for a worker that this process starts. */
export function addressWords(args: AddressArgs): string[] {
  const { allowPorts, denyPorts, ownAddress } = args;
  const flags = { "--allow-ports": allowPorts, "--deny-ports": denyPorts, "--own-address": ownAddress };
  return Object.entries(flags).flatMap(([flag, text]) => (text === "" ? [] : [flag, text]));
}
