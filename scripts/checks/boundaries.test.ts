import { describe, expect, it } from "vitest";
import {
  allImports,
  type Import,
  isTestFile,
  parseImports,
  projectFiles,
  readSource,
  roomOf,
} from "./sources.ts";

/*
 * Who may import what: the arrows between rooms, and the one door of every heavy package. A test may also import what
 * it tests against: the local chain and the subnets. scripts/ and its tests may import everything.
 */

/** Folders each room may import, besides itself. */
const ARROWS: Record<string, readonly string[]> = {
  shared: [],
  miner: ["shared/"],
  validator: ["shared/"],
  subnets: ["shared/"],
  localnet: ["shared/"],
  simulator: ["shared/", "localnet/runtime/"],
  dashboard: ["shared/"],
  scripts: ["shared/", "miner/", "validator/", "subnets/", "localnet/", "simulator/", "dashboard/"],
};

/** What a test file may import besides: the things it runs its room against. */
const FOR_TESTS = ["shared/", "localnet/", "subnets/", "simulator/"];

/** Paths that may load a package. Types may travel. */
const DOORS: Record<string, readonly string[]> = {
  "@polkadot/api": ["shared/chain/runtime/"],
  "@polkadot/types": ["shared/chain/runtime/"],
  bullmq: ["shared/queue/"],
  ioredis: ["shared/queue/"],
  "onnxruntime-node": ["miner/inference/session.ts", "scripts/training/"],
  "@photostructure/sqlite": ["shared/journal/"],
  yargs: ["scripts/"],
  "@polkadot/util-crypto": ["shared/keys/", "shared/wire/", "localnet/", "scripts/bench/sr25519.ts"],
  "@polkadot/wasm-crypto": ["shared/keys/", "shared/wire/", "localnet/", "scripts/bench/sr25519.ts"],
  "@node-rs/argon2": ["shared/keys/"],
  // What commits of weights are hashed and encrypted with: a format of the chain's, beside the chain link.
  "@noble/hashes": ["shared/chain/", "shared/keys/", "shared/wire/", "shared/chain/timelock/", "localnet/"],
  "@noble/curves": ["shared/keys/", "shared/wire/", "shared/chain/timelock/", "localnet/"],
  "@noble/ciphers": ["shared/keys/", "shared/wire/", "shared/chain/timelock/", "localnet/"],
};

const imports = allImports();
const own = imports.filter(({ to }) => roomOf(to) in ARROWS);

describe("boundaries", () => {
  it("finds the imports of this project at all", () => {
    expect(own.length).toBeGreaterThan(50);
    expect(imports.some(({ to }) => to === "yargs")).toBe(true);
  });

  it("rooms import only along the arrows", () => {
    expect(own.filter(crossesBoundary).map(line)).toEqual([]);
  });

  it("the local chain's rules know nothing of its node", () => {
    const inward = own.filter(
      ({ from, to }) => from.startsWith("localnet/runtime/") && to.startsWith("localnet/node/"),
    );
    expect(inward.filter(({ from }) => !isTestFile(from)).map(line)).toEqual([]);
  });

  it("heavy packages have one door each", () => {
    expect(imports.filter(passesBesideDoor).map(line)).toEqual([]);
  });

  it("product code imports no test and no test kit", () => {
    const wrong = own.filter(
      ({ from, to }) => !isTestFile(from) && isTestFile(to) && roomOf(to) !== "scripts",
    );
    expect(wrong.map(line)).toEqual([]);
  });

  it("imports name files with their .ts ending", () => {
    expect(own.filter(({ to }) => !/\.(ts|json)$/.test(to)).map(line)).toEqual([]);
  });

  it("only scripts/ and tests read the environment", () => {
    const readers = projectFiles(".ts").filter(
      (path) => !isTestFile(path) && path.includes("/") && /\bprocess\.env\b/.test(readSource(path) ?? ""),
    );
    expect(readers).toEqual([]);
  });
});

describe("parseImports", () => {
  it.each([
    ['import { a } from "./a.ts";', "./a.ts", false],
    ['import type { A } from "x";', "x", true],
    ['import {\n  a,\n  type B,\n} from "../b.ts";', "../b.ts", false],
    ['import "./side-effect.ts";', "./side-effect.ts", false],
    ['  const { a } = await import("../../late.ts");', "../../late.ts", false],
    ['export type { A } from "./a.ts";', "./a.ts", true],
    ['import data from "./d.json" with { type: "json" };', "./d.json", false],
  ])("reads %j", (source, specifier, typeOnly) => {
    expect(parseImports(source)).toEqual([{ specifier, typeOnly }]);
  });

  it("is not misled by a string that follows an export", () => {
    expect(parseImports('export const a = "x";\nexport const b = fromText("y");')).toEqual([]);
  });
});

function crossesBoundary({ from, to }: Import): boolean {
  const room = roomOf(from);
  if (roomOf(to) === room) return false;
  const allowed = [...(ARROWS[room] ?? []), ...(isTestFile(from) ? FOR_TESTS : [])];
  return !allowed.some((folder) => to.startsWith(folder));
}

function passesBesideDoor({ from, to, typeOnly }: Import): boolean {
  if (typeOnly || /\.test\.ts$/.test(from) || /\.test-kit\.ts$/.test(from)) return false;
  const doors = Object.entries(DOORS).find(([name]) => to === name || to.startsWith(`${name}/`))?.[1];
  return doors !== undefined && !doors.some((door) => from.startsWith(door));
}

function line({ from, to }: Import): string {
  return `${from} imports ${to}`;
}
