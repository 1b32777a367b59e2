import { chmod, rm, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createWalletFixture, type WalletFixture } from "./wallet-fixture.test-kit.ts";
import { checkPermissions } from "./wallet-permissions.ts";

let fixture: WalletFixture;

beforeEach(async () => {
  fixture = await createWalletFixture();
});
afterEach(() => rm(fixture.folder, { recursive: true }));

describe("permissions of wallets", () => {
  it("are fine as they are created, and where btcli left folders that others can list", async () => {
    await fixture.put("hotkeys/default", "{}");
    await fixture.put("hotkeys/defaultpub.txt", "{}", 0o644);
    await chmod(join(fixture.wallets, "default"), 0o755);
    expect(await checkPermissions(fixture.wallets, { fix: false })).toEqual([]);
    expect(await checkPermissions(join(fixture.folder, "absent"), { fix: false })).toEqual([]);
  });

  it("are named and mended; links are left to the operator", async () => {
    const path = await fixture.put("hotkeys/default", "{}", 0o644);
    const open = await fixture.put("coldkeypub.txt", "{}", 0o666);
    const wallet = join(fixture.wallets, "default");
    await chmod(wallet, 0o777);
    await symlink(path, join(wallet, "hotkeys/link"));

    const found = await checkPermissions(fixture.wallets, { fix: false });
    expect(found.map(({ path, fixed }) => ({ path, fixed }))).toEqual(
      expect.arrayContaining(
        [wallet, open, path, join(wallet, "hotkeys/link")].map((each) => ({ path: each, fixed: false })),
      ),
    );
    expect(found).toHaveLength(4);
    const fixed = await checkPermissions(fixture.wallets, { fix: true });
    expect(fixed.filter((finding) => !finding.fixed)).toEqual([
      expect.objectContaining({ problem: "it is a symbolic link" }),
    ]);
    const modes = await Promise.all(
      [wallet, open, path].map(async (each) => (await stat(each)).mode & 0o777),
    );
    expect(modes).toEqual([0o700, 0o600, 0o600]);
  });
});
