import { mkdtemp, rm, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createKeyfile, hotkeyPath, walletPaths } from "../shared/keys/keyfile-store.ts";
import { Keypair, keysReady } from "../shared/keys/keypair.ts";
import { keyfileFromDevKey } from "../shared/keys/new-keyfile.ts";
import { type Logger, silentLogger } from "../shared/logger.ts";
import { loadSigner } from "./load-signer.ts";
import { watchWallet } from "./watch-wallet.ts";

let folder: string;
let stop: AbortController;
let lines: [event: string, fields: unknown][];
let logger: Logger;

beforeEach(async () => {
  await keysReady();
  folder = await mkdtemp(join(tmpdir(), "subforge-watch-"));
  stop = new AbortController();
  lines = [];
  logger = { ...silentLogger, warn: (event, fields) => void lines.push([event, fields]) };
});
afterEach(async () => {
  stop.abort();
  await rm(folder, { recursive: true });
});

const events = () => lines.map(([event]) => event);

describe("the wallet of a running service", () => {
  it("W6 may change on disk: that is announced, and has no effect until a restart", async () => {
    const args = { wallet: "w", hotkey: "h", walletPath: folder, devKey: undefined };
    const path = hotkeyPath(folder, "w", "h");
    await createKeyfile(path, keyfileFromDevKey("//Alice").secret.revealBytes());
    watchWallet(args, { logger, signal: stop.signal, intervalMs: 10 });
    const signer = await loadSigner(args);

    await createKeyfile(path, keyfileFromDevKey("//Bob").secret.revealBytes(), { overwrite: true });
    await expect.poll(events).toContain("wallet.keyfile-changed");
    expect(lines.at(-1)?.[1]).toMatchObject({ path, what: "changed" });
    expect(signer.address).toBe(Keypair.fromUri("//Alice").address);
    expect((await loadSigner(args)).address).toBe(Keypair.fromUri("//Bob").address); // what a restart would do

    await unlink(path);
    await expect.poll(() => lines.at(-1)?.[1]).toMatchObject({ what: "removed" });
    expect(JSON.stringify(lines)).not.toContain("privateKey");
  });

  it("W8 holds a coldkey: that is said at the start", async () => {
    const args = { wallet: "w", hotkey: "h", walletPath: folder, devKey: undefined };
    watchWallet(args, { logger, signal: stop.signal });
    expect(events()).toEqual([]);
    await createKeyfile(walletPaths(folder, "w").coldkey, "anything");
    watchWallet(args, { logger, signal: stop.signal });
    expect(events()).toEqual(["wallet.coldkey-present"]);
  });

  it("is not looked at with a development key", () => {
    watchWallet(
      { wallet: "../..", hotkey: "h", walletPath: folder, devKey: "//Bob" },
      { logger, signal: stop.signal },
    );
    expect(events()).toEqual([]);
  });
});
