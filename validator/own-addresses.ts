import { networkInterfaces } from "node:os";
import { checkAddress } from "../shared/wire/address-policy.ts";

/** Any port that miners may have. */
const SOME_PORT = 8_091;

/** The public addresses of this machine's own interfaces. Behind a translating router there are none. */
export function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .map(({ address }) => address)
    .filter((address) => checkAddress(address, SOME_PORT, { allowPrivate: false }).ok);
}
