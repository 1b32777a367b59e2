import { execFileSync } from "node:child_process";
import { chmod, chown, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createKeyfile, hotkeyPath, listWallets, readKeyfile, walletPaths } from "./keyfile-store.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "subforge-keys-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("keyfile store", () => {
  it("T34: creates files only their owner may read, in folders only their owner may enter", async () => {
    const path = hotkeyPath(folder, "alice", "default");
    await createKeyfile(path, "secret");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, "alice", "hotkeys"))).mode & 0o777).toBe(0o700);
    expect(Buffer.from(await readKeyfile(path, "secret")).toString()).toBe("secret");
  });

  it("T34: never overwrites, even when two write at once, and leaves no draft behind", async () => {
    const path = walletPaths(folder, "alice").coldkey;
    const outcomes = await Promise.allSettled(["a", "b", "c"].map((text) => createKeyfile(path, text)));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(outcomes).toContainEqual(
      expect.objectContaining({ reason: expect.objectContaining({ code: "WALLET_EXISTS" }) }),
    );
    expect(await readdir(join(folder, "alice"))).toEqual(["coldkey"]);
  });

  it.each([0o640, 0o604, 0o644])(
    "W5 refuses a secret with mode %o, but reads a public file",
    async (mode) => {
      const path = join(folder, "k");
      await writeFile(path, "x");
      await chmod(path, mode);
      await expect(readKeyfile(path, "secret")).rejects.toMatchObject({ code: "WALLET_UNSAFE_FILE" });
      expect(await readKeyfile(path, "secret", { allowUnsafe: true })).toHaveLength(1);
      expect(await readKeyfile(path, "public")).toHaveLength(1);
    },
  );

  it("W5 refuses a public file that others may change: it says where money goes", async () => {
    const path = join(folder, "k");
    await writeFile(path, "x");
    await chmod(path, 0o662);
    await expect(readKeyfile(path, "public")).rejects.toMatchObject({ code: "WALLET_UNSAFE_FILE" });
  });

  it.skipIf(process.geteuid?.() !== 0)(
    "W5 refuses a file of another user (skipped unless run by root)",
    async () => {
      const path = join(folder, "k");
      await writeFile(path, "x", { mode: 0o600 });
      await chown(path, 65_534, 65_534);
      const reading = readKeyfile(path, "secret");
      await expect(reading).rejects.toMatchObject({
        code: "WALLET_UNSAFE_FILE",
        message: expect.stringContaining("65534"),
      });
      expect(await readKeyfile(path, "secret", { allowUnsafe: true })).toHaveLength(1);
    },
  );

  it("W5 follows a link only when told that it does not matter", async () => {
    await writeFile(join(folder, "k"), "x", { mode: 0o600 });
    await symlink(join(folder, "k"), join(folder, "link"));
    expect(await readKeyfile(join(folder, "link"), "secret", { allowUnsafe: true })).toHaveLength(1);
  });

  it("W5 does not wait for somebody to write into a pipe", async () => {
    const path = join(folder, "pipe");
    execFileSync("mkfifo", ["-m", "600", path]);
    for (const allowUnsafe of [false, true]) {
      const reading = readKeyfile(path, "secret", { allowUnsafe });
      await expect(reading).rejects.toMatchObject({ code: "WALLET_UNSAFE_FILE" });
    }
  });

  it("T34: replaces a file only where that was asked for, whole, and leaves its mode at 600", async () => {
    const path = join(folder, "k");
    await writeFile(path, "old", { mode: 0o644 });
    await createKeyfile(path, "new", { overwrite: true });
    expect(Buffer.from(await readKeyfile(path, "secret")).toString()).toBe("new");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(["k"]);
  });

  it("refuses links, folders, giants and what is not there, each by name", async () => {
    await writeFile(join(folder, "k"), "x", { mode: 0o600 });
    await symlink(join(folder, "k"), join(folder, "link"));
    await mkdir(join(folder, "dir"), { mode: 0o700 });
    await writeFile(join(folder, "giant"), Buffer.alloc(65 * 1024), { mode: 0o600 });
    const codes: unknown[] = [];
    for (const name of ["link", "dir", "giant", "nothing"]) {
      const error: unknown = await readKeyfile(join(folder, name), "secret").catch(
        (reason: unknown) => reason,
      );
      codes.push((error as { code: string }).code);
    }
    expect(codes).toEqual(["WALLET_UNSAFE_FILE", "WALLET_UNSAFE_FILE", "WALLET_INVALID", "WALLET_NOT_FOUND"]);
  });

  it.each(["..", ".", "", "a/b", "../x", "a\0b", "-".repeat(65), ".hidden"])(
    "refuses the name %j",
    (name) => {
      expect(() => walletPaths(folder, name)).toThrow(expect.objectContaining({ code: "WALLET_BAD_NAME" }));
      expect(() => hotkeyPath(folder, "alice", name)).toThrow(
        expect.objectContaining({ code: "WALLET_BAD_NAME" }),
      );
    },
  );

  it("lists a hotkey once, and one that is public only by its file", async () => {
    const path = hotkeyPath(folder, "alice", "one");
    await createKeyfile(path, "{}");
    await createKeyfile(`${path}pub.txt`, "{}");
    await createKeyfile(hotkeyPath(folder, "alice", "twopub.txt"), "{}");
    expect(await listWallets(folder)).toEqual([{ wallet: "alice", hotkeys: ["one", "twopub.txt"] }]);
    expect(await listWallets(join(folder, "absent"))).toEqual([]);
  });
});
