import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { decAnyMetadata, unifyMetadata } from "@polkadot-api/substrate-bindings";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSubforgeError } from "../errors.ts";
import { packageRoot } from "../process-entry.ts";
import { readWireVectors, wireVectorsAbsent } from "../wire/vectors.test-kit.ts";
import { callPath, checkShape, ipFromNumber, ipToNumber } from "./call-shape.ts";

const SPEC = join(packageRoot(), "..", "shared", "spec");
const KINDS = [
  "setWeights",
  "setMechanismWeights",
  "commitWeights",
  "revealWeights",
  "commitTimelockedWeights",
  "serveAxon",
  "burnedRegister",
  "addStake",
  "registerNetwork",
  "startCall",
  "commit",
] as const;

describe("the shape of a call", () => {
  // A public clone has no recorded metadata of real runtimes.
  it.skipIf(!existsSync(SPEC)).each([424, 393])("is the one that runtime %i has", (version) => {
    for (const kind of KINDS) expect(() => checkShape(kind, argumentsOf(version, kind))).not.toThrow();
  });

  it("is refused when the runtime changed a type, dropped an argument or renamed one", () => {
    const known = ["netuid: u16", "dests: Vec<u16>", "weights: Vec<u16>", "version_key: u64"];
    checkShape("setWeights", known);
    for (const changed of [
      known.with(3, "version_key: u128"),
      known.slice(0, 3),
      known.with(1, "uids: Vec<u16>"),
      [...known, "mecid: u8"],
    ]) {
      expect(codeOf(() => checkShape("setWeights", changed))).toBe("CHAIN_CALL_UNKNOWN");
    }
  });
});

describe("an address on chain", () => {
  it.each([
    ["1.2.3.4", 4, 0x01020304n],
    ["255.255.255.254", 4, 0xfffffffen],
    ["::1", 6, 1n],
    ["2001:db8::1", 6, 0x20010db8000000000000000000000001n],
    ["::ffff:127.0.0.1", 6, 0xffff7f000001n],
  ])("%s is stored as a number", (ip, type, number) => {
    expect(ipToNumber(ip)).toBe(number);
    expect(ipToNumber(ipFromNumber(number, type))).toBe(number);
  });

  it.skipIf(wireVectorsAbsent)(`is the number that the Python SDK stores${wireVectorsAbsent}`, () => {
    for (const { ip, int, ip_type } of readWireVectors("ip_int.json").cases) {
      expect(ipToNumber(ip), ip).toBe(BigInt(int));
      // Python reads a small number back as IPv4, whatever its type: `::1` as 0.0.0.1. We keep to the type.
      const back = ipFromNumber(BigInt(int), ip_type);
      expect(ip_type === 6 ? new URL(`http://[${back}]`).hostname : back, ip).toBe(
        ip_type === 6 ? `[${ip}]` : ip,
      );
    }
  });

  it("survives the way to the chain and back", () => {
    fc.assert(fc.property(fc.ipV4(), (ip) => ipFromNumber(ipToNumber(ip), 4) === ip));
    fc.assert(fc.property(fc.ipV6(), (ip) => ipToNumber(ipFromNumber(ipToNumber(ip), 6)) === ipToNumber(ip)));
  });
});

function argumentsOf(version: number, kind: (typeof KINDS)[number]): string[] {
  const bytes = readFileSync(join(SPEC, `subtensor-metadata-${version}.scale`));
  const { pallets, lookup } = unifyMetadata(decAnyMetadata(Uint8Array.from(bytes)));
  const { pallet, method } = callPath({ kind } as Parameters<typeof callPath>[0]);
  const calls = pallets.find(({ name }) => name.toLowerCase() === pallet.toLowerCase())?.calls;
  const type = lookup[calls?.type ?? -1]?.def;
  const snake = method.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  if (type?.tag !== "variant") throw new Error(`${pallet} has no calls`);
  const call = type.value.find(({ name }) => name === snake);
  return (call?.fields ?? []).map((field) => `${field.name}: ${field.typeName}`);
}

function codeOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return isSubforgeError(error) ? error.code : String(error);
  }
}
