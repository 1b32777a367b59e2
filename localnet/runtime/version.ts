import { blake2b } from "@noble/hashes/blake2.js";
import type { Hex } from "../../shared/types.ts";
import type { VersionInfo } from "../engine.ts";
import { bytesToHex } from "../types/hex.ts";
import type { RuntimeVersion } from "../types/substrate-types.ts";
import type { Pallet } from "./dsl/pallet.ts";

const encoder = new TextEncoder();

/** The real runtime that this one is a subset of. */
export const SPEC_VERSION = 424;
export const TRANSACTION_VERSION = 1;

/** Version of the runtime, with the runtime APIs that these pallets declare. */
export function runtimeVersion(pallets: readonly Pallet[], specVersion: number): RuntimeVersion {
  const apis = pallets.flatMap((pallet) => Object.entries(pallet.apis ?? {}));
  return {
    spec_name: "node-subtensor",
    impl_name: "node-subtensor",
    authoring_version: 1,
    spec_version: specVersion,
    impl_version: 1,
    apis: apis.map(([name, { version }]) => [apiId(name), version]),
    transaction_version: TRANSACTION_VERSION,
    system_version: 1,
  };
}

/** As the RPC answers it. */
export function toVersionInfo(version: RuntimeVersion): VersionInfo {
  return {
    specName: version.spec_name,
    implName: version.impl_name,
    authoringVersion: version.authoring_version,
    specVersion: version.spec_version,
    implVersion: version.impl_version,
    apis: version.apis,
    transactionVersion: version.transaction_version,
    stateVersion: version.system_version,
  };
}

/** How a version names a runtime API: blake2b-64 of its name. */
function apiId(name: string): Hex {
  return bytesToHex(blake2b(encoder.encode(name), { dkLen: 8 }));
}
