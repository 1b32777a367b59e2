import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isSubforgeError } from "../../shared/errors.ts";
import { type ReplaceStep, replaceFile } from "./replace-file.ts";

const OLD = "the old state";
const NEW_BYTES = 5 * 1024 * 1024;
let folder: string;
let writer: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "subforge-replace-"));
  writer = join(folder, "writer.mjs");
  await build({
    entryPoints: [fileURLToPath(new URL("replace-file.ts", import.meta.url))],
    outfile: writer,
    bundle: true,
    format: "esm",
    platform: "node",
    logLevel: "error",
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A process of its own that is killed, as by `kill -9`, when it has come to a step. */
async function killedAt(step: ReplaceStep, path: string): Promise<NodeJS.Signals | null> {
  const script = `
    import { replaceFile } from ${JSON.stringify(pathToFileURL(writer).href)};
    await replaceFile(process.argv[1], Buffer.alloc(${NEW_BYTES}, 7), (step) => {
      if (step === ${JSON.stringify(step)}) process.kill(process.pid, "SIGKILL");
    });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, path], { stdio: "inherit" });
  const [, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  return signal;
}

describe("a file that is replaced", () => {
  it.each(["opened", "half-written", "written", "synced"] as const)(
    "L5: is the old one, whole, when the process is killed while the new one is %s",
    async (step) => {
      const path = join(folder, `${step}.state`);
      await writeFile(path, OLD);
      expect(await killedAt(step, path)).toBe("SIGKILL");
      expect(await readFile(path, "utf8")).toBe(OLD);
      await replaceFile(path, Buffer.from("the next one"));
      expect(await readFile(path, "utf8")).toBe("the next one");
    },
  );

  it("L5: is the new one, whole, when the process is killed after the rename", async () => {
    const path = join(folder, "renamed.state");
    await writeFile(path, OLD);
    expect(await killedAt("renamed", path)).toBe("SIGKILL");
    expect((await readFile(path)).equals(Buffer.alloc(NEW_BYTES, 7))).toBe(true);
  });

  it("is its owner's only, and no draft is left", async () => {
    const own = await mkdtemp(join(folder, "own-"));
    const path = join(own, "chain.state");
    await writeFile(path, OLD, { mode: 0o644 });
    await replaceFile(path, Buffer.from("new"));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(own)).toEqual(["chain.state"]);
  });

  it.each([
    ["in a folder that does not exist", "none/chain.state"],
    ["in the place of a folder", "."],
  ])("%s is refused by name, and no draft is left", async (_, name) => {
    const own = await mkdtemp(join(folder, "own-"));
    await writeFile(join(own, "other"), "");
    const refused = await replaceFile(join(own, name), Buffer.from("new")).catch((error: unknown) => error);
    expect(isSubforgeError(refused, "CHAIN_STATE_FILE")).toBe(true);
    expect(await readdir(own)).toEqual(["other"]);
  });
});
