import { chown, mkdir, readFile, rm, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { keyfileFormat } from "../shared/keys/keyfile-format.ts";
import { keysReady } from "../shared/keys/keypair.ts";
import { keyfileFromEd25519Seed } from "../shared/keys/new-keyfile.ts";
import { passwordVariable } from "../shared/keys/password-variable.ts";
import { loadChainSigner } from "./chain-signer.ts";
import { loadSigner } from "./load-signer.ts";
import { openKeyfile } from "./open-keyfile.ts";
import { testUnlock } from "./unlock-test.ts";
import {
  ALICE,
  clearAlice,
  createWalletFixture,
  lockedAlice,
  PASSWORD,
  type WalletFixture,
} from "./wallet-fixture.test-kit.ts";

/** A derivation on a busy machine. */
const SLOW_MS = 60_000;

let fixture: WalletFixture;

beforeAll(keysReady);
beforeEach(async () => {
  fixture = await createWalletFixture();
});
afterEach(() => rm(fixture.folder, { recursive: true }));

describe("an encrypted keyfile", () => {
  it.each([
    ["another one", "tr0ub4dor&3", undefined],
    ["with a byte order mark", `\ufeff${PASSWORD}`, "byte order mark"],
    ["with a NUL", PASSWORD.replace(" ", "\0"), "NUL"],
    ["with a space at its end", `${PASSWORD} \n`, "white space"],
    ["on the second line", `# password\n${PASSWORD}\n`, "several lines"],
    ["in UTF-16", Buffer.from(`\ufeff${PASSWORD}`, "utf16le"), "UTF-16"],
  ])("W2 a password %s: an error by name that never shows it", async (_what, given, says) => {
    const path = await fixture.put("coldkey", lockedAlice());
    const opening = openKeyfile(path, { passwordFile: await fixture.note(given) });
    const error = await opening.catch((reason: unknown) => reason as Error);
    expect(error).toMatchObject({ code: "WALLET_WRONG_PASSWORD" });
    expect(String(error)).toContain(says ?? "");
    expect(JSON.stringify([String(error), error])).not.toMatch(/horse|tr0ub/);
  });

  it.each([
    ["as it is", ""],
    ["with a newline at its end", "\n"],
    ["with a newline of Windows", "\r\n"],
  ])("W2 a password %s is right", async (_what, end) => {
    const path = await fixture.put("coldkey", lockedAlice());
    const opened = await openKeyfile(path, { passwordFile: await fixture.note(PASSWORD + end) });
    expect(opened).toMatchObject({ address: ALICE, format: "ansible-vault" });
  });

  it.each([
    ["an empty file", "\n", "empty"],
    ["a file that is far too long", "x".repeat(5000), "longer"],
  ])("refuses %s as a password", async (_what, content, says) => {
    const path = await fixture.put("coldkey", lockedAlice());
    const opening = openKeyfile(path, { passwordFile: await fixture.note(content) });
    await expect(opening).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining(says),
    });
  });

  it.each([
    ["a descriptor that is closed", { passwordFd: 999 }, "CONFIG_INVALID"],
    ["a descriptor that is none", { passwordFd: -1 }, "CONFIG_INVALID"],
    ["a file that is absent", { passwordFile: "/absent/password" }, "CONFIG_INVALID"],
    ["two sources", { passwordFile: "x", passwordFd: 3 }, "CLI_USAGE"],
    ["no source", {}, "WALLET_PASSWORD_NEEDED"],
  ])("refuses %s", async (_what, args, code) => {
    const path = await fixture.put("coldkey", lockedAlice());
    await expect(openKeyfile(path, args)).rejects.toMatchObject({ code });
  });

  it("is opened with btcli's variable, and a flag wins over it", async () => {
    const path = await fixture.put("coldkey", lockedAlice());
    const variable = passwordVariable(path);
    const name = Buffer.from(variable);
    const hidden = Buffer.from(PASSWORD).map((byte, i) => byte ^ name[i % name.length]!);
    process.env[variable] = Buffer.from(hidden).toString("base64");
    try {
      const opened = await openKeyfile(path, {});
      expect(opened.unlocked?.passwordFrom).toBe(variable);
      const wrong = openKeyfile(path, { passwordFile: await fixture.note("no") });
      await expect(wrong).rejects.toMatchObject({ code: "WALLET_WRONG_PASSWORD" });
    } finally {
      delete process.env[variable];
    }
  });

  it("W4 is written again in the current encryption, same password, when that is wanted", {
    timeout: SLOW_MS,
  }, async () => {
    const path = await fixture.put("coldkey", lockedAlice());
    const args = {
      ...({ key: "coldkey", wallet: "default", hotkey: "default", walletPath: fixture.wallets } as const),
      passwordFile: await fixture.note(PASSWORD),
    };
    expect(await testUnlock({ ...args, upgrade: false })).toMatchObject({ upgraded: false });
    expect(await testUnlock({ ...args, upgrade: true })).toMatchObject({
      format: "ansible-vault",
      upgraded: true,
    });
    expect(keyfileFormat(await readFile(path))).toBe("nacl");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });
});

describe("a keyfile in the clear", () => {
  it.each([
    ["others may read", async () => void (await fixture.put("hotkeys/default", clearAlice(), 0o644))],
    [
      "is a link",
      async () => {
        const real = await fixture.put("elsewhere", clearAlice());
        await mkdir(join(fixture.wallets, "default/hotkeys"), { mode: 0o700 });
        await symlink(real, join(fixture.wallets, "default/hotkeys/default"));
      },
    ],
    [
      "belongs to another user (as root; others cannot give a file away, so a group may read it)",
      async () => {
        const isRoot = process.geteuid?.() === 0;
        const path = await fixture.put("hotkeys/default", clearAlice(), isRoot ? 0o600 : 0o640);
        if (isRoot) await chown(path, 65_534, 65_534);
      },
    ],
  ])("W5 that %s is refused, and used only when a flag says so", async (_what, prepare) => {
    await prepare();
    const args = { wallet: "default", hotkey: "default", walletPath: fixture.wallets, devKey: undefined };
    await expect(loadSigner(args)).rejects.toMatchObject({ code: "WALLET_UNSAFE_FILE" });
    expect(await loadSigner({ ...args, allowUnsafeKeyfile: true })).toMatchObject({ address: ALICE });
  });

  it("W4 of ed25519 signs calls of the chain, and is refused for a neuron", async () => {
    const key = keyfileFromEd25519Seed(Buffer.alloc(32, 5));
    await fixture.put("hotkeys/default", key.secret.revealText());
    const args = { wallet: "default", hotkey: "default", walletPath: fixture.wallets, devKey: undefined };
    await expect(loadSigner(args)).rejects.toMatchObject({ code: "WALLET_NO_SECRET" });
    expect(await loadChainSigner(args, "hotkey")).toMatchObject({ address: key.address, scheme: "ed25519" });
  });
});
