import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { metadata as metadataCodec } from "@polkadot-api/substrate-bindings";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../shared/process-entry.ts";
import { createPallets } from "../runtime/pallets.ts";
import { declareRuntime } from "../runtime/runtime-types.ts";
import { contradictions, parseMetadata } from "./conformance.ts";
import { createMetadata, METADATA_VERSIONS } from "./metadata.ts";

const SPEC = join(packageRoot(), "../shared/spec");
const REAL = {
  14: join(SPEC, "subtensor-metadata-424-v14.scale"),
  15: join(SPEC, "subtensor-metadata-424-v15.scale"),
  16: join(SPEC, "subtensor-metadata-424.scale"),
} as const;
const isHere = existsSync(REAL[16]);
const readReal = (version: keyof typeof REAL = 16) => parseMetadata(readFileSync(REAL[version]));
const ours = createMetadata(declareRuntime(createPallets({ slotMs: 12_000 })));

/** Where we differ on purpose, and why. At most ten, each a real difference. */
const LISTED: Record<string, string> = {
  "System.Version": "the set of runtime APIs is smaller here, and so is the list inside",
  "SubtensorModule.CollateralLockShare": "of later versions; the newest SDK asks before it registers",
  "SubtensorModule.SubnetEpochConsensus": "of later versions; the newest SDK asks before it sets weights",
  "Swap.AlphaSqrtPrice": "gone from the chain, but clients in use read prices there and fail without it",
};

describe("metadata", () => {
  it.each(METADATA_VERSIONS)("V%i decodes and encodes back to the same bytes", (version) => {
    const bytes = ours(version);
    expect(Buffer.compare(metadataCodec.enc(metadataCodec.dec(bytes)), bytes)).toBe(0);
  });

  it.each(METADATA_VERSIONS)("V%i describes each pallet, type and extension", (version) => {
    const { lookup, pallets, extrinsic } = parseMetadata(ours(version));
    expect(lookup.map(({ id }) => id)).toEqual(lookup.map((_, position) => position));
    expect(pallets.map(({ name }) => name)).toContain("Balances");
    expect(Object.keys(extrinsic.extensions)).toHaveLength(13);
    expect(lookup[0]!.path).toEqual(["sp_core", "crypto", "AccountId32"]); // some clients rely on the number
  });

  // The reference lies beside the project's checkout, never in it.
  it.skipIf(!isHere).each(METADATA_VERSIONS)(
    "V%i contradicts the real runtime of spec 424 nowhere",
    (version) => {
      expect(contradictions(parseMetadata(ours(version)), readReal(version), Object.keys(LISTED))).toEqual(
        [],
      );
    },
  );

  it.skipIf(!isHere)("differs on purpose in ten places at most, and really differs in each of them", () => {
    expect(Object.keys(LISTED).length).toBeLessThanOrEqual(10);
    const problems = contradictions(parseMetadata(ours(16)), readReal());
    for (const where of Object.keys(LISTED))
      expect(problems.filter((problem) => problem.startsWith(where))).not.toEqual([]);
  });

  it.skipIf(!isHere)("the comparison notices a wrong index, type name, hasher and default", () => {
    const real = readReal();
    const wrong = readReal();
    const system = wrong.pallets.find(({ name }) => name === "System")!;
    const item = system.storage!.items.find(({ name }) => name === "Account")!;
    item.fallback = "0x00";
    if (item.type.tag === "map") item.type.value.hashers = [{ tag: "Identity", value: undefined }];
    const events = wrong.lookup[system.events!.type]!.def;
    if (events.tag === "variant") {
      events.value[0]!.index = 9;
      events.value[3]!.fields[0]!.typeName = "AccountId";
    }
    const problems = contradictions(wrong, real);
    for (const named of ["fallback", "hashers", "ExtrinsicSuccess index", "NewAccount fields"])
      expect(problems.some((problem) => problem.includes(named))).toBe(true);
  });
});
