import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { metadata as metadataCodec } from "@polkadot-api/substrate-bindings";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../shared/process-entry.ts";
import { createPallets } from "../runtime/pallets.ts";
import { declareRuntime } from "../runtime/runtime-types.ts";
import { contradictions, parseMetadata } from "./conformance.ts";
import { createMetadata, METADATA_VERSIONS } from "./metadata.ts";

const REAL = join(packageRoot(), "../shared/spec/subtensor-metadata-424.scale");
const ours = createMetadata(declareRuntime(createPallets({ slotMs: 12_000 })));

/** The set of APIs is smaller here, and so is the list inside. */
const ON_PURPOSE = ["System.Version"];

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
  });

  // The reference lies beside the project's checkout, never in it.
  it.skipIf(!existsSync(REAL))("contradicts the real runtime of spec 424 nowhere", () => {
    const real = parseMetadata(readFileSync(REAL));
    expect(contradictions(parseMetadata(ours(16)), real, ON_PURPOSE)).toEqual([]);
  });

  it.skipIf(!existsSync(REAL))("the comparison notices a wrong index, type name, hasher and default", () => {
    const real = parseMetadata(readFileSync(REAL));
    const wrong = parseMetadata(readFileSync(REAL));
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
