import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalNode, startLocalNode } from "../localnet/node/local-node.ts";
import { STORAGE_WE_READ } from "../shared/chain/runtime/storage-shape.ts";
import { EXIT } from "../shared/errors.ts";
import { silentLogger } from "../shared/logger.ts";
import { packageRoot } from "../shared/process-entry.ts";
import { compareMetadata } from "./check-metadata.ts";
import { projectFiles, readSource } from "./checks/sources.ts";
import { readLiveMetadata } from "./read-metadata.ts";
import { runCli } from "./run-cli.test-kit.ts";

/** Processes on a busy machine. */
const SLOW_MS = 60_000;

const SPEC = join(packageRoot(), "../shared/spec");
const recorded = (name: string) => join(SPEC, `subtensor-metadata-${name}.scale`);
const isHere = existsSync(recorded("424"));

let folder: string;
let node: LocalNode;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "subforge-metadata-"));
  node = await startLocalNode({ port: 0, mode: { kind: "instant" }, logger: silentLogger });
});
afterAll(async () => {
  await node?.close();
  await rm(folder, { recursive: true });
});

describe("metadata", () => {
  it.skipIf(!isHere).each(["424", "424-v15", "424-v14"])(
    "%s of the real chain has every shape we use (skipped where the recorded metadata is absent)",
    (name) => {
      expect(compareMetadata(readFileSync(recorded(name)))).toEqual([]);
    },
  );

  it.skipIf(!isHere)("293 of the real chain lacks what came later, by name", () => {
    const differences = compareMetadata(readFileSync(recorded("293-v15")));
    expect(differences).toContainEqual({
      kind: "storage",
      what: "SubtensorModule.SubnetEpochIndex",
      problem: "there is no such storage",
    });
    expect(differences.length).toBeLessThan(15);
  });

  it.skipIf(!isHere)("with one changed type is refused by name", () => {
    const bytes = readFileSync(recorded("424"));
    const renamed = Buffer.from(bytes);
    const at = renamed.indexOf("\x18dests"); // the argument of set_weights: a length, then letters
    expect(at === -1 ? renamed.indexOf("dests") : at).toBeGreaterThan(0);
    renamed.write("dusts", renamed.indexOf("dests"));
    expect(compareMetadata(renamed)).toContainEqual(
      expect.objectContaining({ kind: "call", what: expect.stringMatching(/setWeights/i) }),
    );
  });

  it("of the local chain has every shape we use, in the newest form it serves", async () => {
    const live = await readLiveMetadata(node.endpoint, new AbortController().signal);
    expect(live).toMatchObject({ version: 16, specName: "node-subtensor" });
    expect(compareMetadata(live.bytes)).toEqual([]);
  });

  it.each([
    ["nothing", Buffer.alloc(0)],
    ["something else", Buffer.from("hello, this is no metadata at all")],
    ["an unknown version", Buffer.from("meta\x63aaaaaaaaaaaaaaaa")],
  ])("that is %s is refused", (_what, bytes) => {
    expect(() => compareMetadata(bytes)).toThrow(expect.objectContaining({ code: "CHAIN_BAD_ANSWER" }));
  });

  it("names every storage item that the readers of the chain link ask for", () => {
    const sources = projectFiles(".ts")
      .filter((path) => /^shared\/chain\/(read-|sending\/)/.test(path) && !path.includes(".test"))
      .map((path) => readSource(path) ?? "")
      .join("\n");
    const entries = [...sources.matchAll(/: \["([a-zA-Z.]+)"[,\]]/g)].map(([, path = ""]) =>
      path.includes(".") ? path : `subtensorModule.${path}`,
    );
    const queried = [...sources.matchAll(/\bquery\.(\w+)\??\.(\w+)/g)].map(([, a, b]) => `${a}.${b}`);
    const asked = [...entries, ...queried].map((path) => path.toLowerCase());
    expect(asked.length).toBeGreaterThan(15);
    const known = STORAGE_WE_READ.map((path) => path.toLowerCase());
    const forgotten = asked.filter(
      (path) => !known.includes(path) && path !== "subtensormodule.subtensormodule",
    );
    expect(forgotten, "add their shapes to KNOWN_STORAGE in storage-shape.ts").toEqual([]);
  });
});

describe("metadata pull and check", () => {
  it("save what a chain serves, and compare the file and the chain itself", {
    timeout: SLOW_MS,
  }, async () => {
    const out = join(folder, "m.scale");
    const pulled = await runCli(["metadata", "pull", "--network", node.endpoint, "--out", out, "--json"]);
    expect(JSON.parse(pulled.stdout)).toMatchObject({ file: out, version: 16, specName: "node-subtensor" });
    expect((await readFile(out)).subarray(0, 4).toString()).toBe("meta");
    const damaged = join(folder, "damaged.scale");
    const bytes = await readFile(out);
    bytes.write("dusts", bytes.indexOf("dests"));
    await writeFile(damaged, bytes);
    const [file, live, differs, absent] = await Promise.all([
      runCli(["metadata", "check", out]),
      runCli(["metadata", "check", "--network", node.endpoint, "--json"]),
      runCli(["metadata", "check", damaged]),
      runCli(["metadata", "check", join(folder, "absent")]),
    ]);
    expect(file).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^ok/) });
    expect(JSON.parse(live.stdout)).toMatchObject({ differences: [] });
    expect(differs.exitCode).toBe(EXIT.check);
    expect(differs.stdout).toMatch(/^call {4}.*set_?weights.*dusts/im);
    expect(differs.stderr).toContain("METADATA_DIFFERS");
    expect(absent.exitCode).toBe(EXIT.config);
  });
});
