import { readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Keypair, keysReady } from "../shared/keys/keypair.ts";
import { type ImportWalletArgs, importWallet } from "./import-wallet.ts";
import { describeWallets } from "./list-wallets.ts";
import { createWalletFixture, type WalletFixture } from "./wallet-fixture.test-kit.ts";

const PHRASE = "old leopard transfer rib spatial phone calm indicate online fire caution review";
const PHRASE_ADDRESS = "5HDvhV6WDCjCKyrXqGQSDYqQAzkzabNhctmiDYEqgBC66BsX";
const SEED = "0x1111111111111111111111111111111111111111111111111111111111111111";

let fixture: WalletFixture;

beforeAll(keysReady);
beforeEach(async () => {
  fixture = await createWalletFixture();
});
afterEach(() => rm(fixture.folder, { recursive: true }));

function run(args: Partial<ImportWalletArgs>): ReturnType<typeof importWallet> {
  return importWallet({
    ...{ key: "hotkey", wallet: "default", hotkey: "default", walletPath: fixture.wallets },
    ...{ mnemonicFile: undefined, mnemonicFd: undefined, bip39PasswordFile: undefined, seedFile: undefined },
    ...{ jsonFile: undefined, jsonPasswordFile: undefined, publicKey: undefined, ss58: undefined },
    ...{ encrypt: undefined, overwrite: false, passwordFile: undefined, passwordFd: undefined },
    ...args,
  });
}

describe("an imported key", () => {
  it("from a mnemonic is written as btcli writes it, with modes that keep others out", async () => {
    const key = await run({ mnemonicFile: await fixture.note(`  ${PHRASE.replace(" ", "\n")}\r\n`) });
    expect(key).toMatchObject({ address: PHRASE_ADDRESS, encrypted: false });
    expect(JSON.parse(await readFile(key.path, "utf8"))).toMatchObject({ secretPhrase: PHRASE });
    expect((await stat(key.path)).mode & 0o777).toBe(0o600);
    for (const name of ["w", "w/default", "w/default/hotkeys"]) {
      expect((await stat(join(fixture.folder, name))).mode & 0o777).toBe(0o700);
    }
  });

  it("may be its public half alone, gets its own secret later, and never another one", async () => {
    expect(await run({ ss58: PHRASE_ADDRESS })).toMatchObject({ path: expect.stringMatching(/pub\.txt$/) });
    const other = run({ seedFile: await fixture.note(SEED) });
    await expect(other).rejects.toMatchObject({ code: "WALLET_EXISTS" });
    const mnemonicFile = await fixture.note(PHRASE);
    await run({ mnemonicFile });
    await expect(run({ mnemonicFile })).rejects.toMatchObject({ code: "WALLET_EXISTS" });
    await expect(run({ ss58: PHRASE_ADDRESS, overwrite: true })).rejects.toMatchObject({
      code: "WALLET_EXISTS",
    });
    const { address } = await run({ seedFile: await fixture.note(`${SEED}\n`), overwrite: true });
    expect(address).toBe(Keypair.fromSeed(Buffer.alloc(32, 0x11)).address);
    expect(await describeWallets(fixture.wallets)).toEqual([
      { wallet: "default", kind: "hotkey", name: "default", address, state: "plain" },
    ]);
  });

  it("takes the BIP39 password of its mnemonic", async () => {
    const files = {
      mnemonicFile: await fixture.note(PHRASE),
      bip39PasswordFile: await fixture.note("extra\n"),
    };
    expect(await run(files)).toMatchObject({ address: Keypair.fromUri(`${PHRASE}///extra`).address });
  });

  it.each<[string, Partial<ImportWalletArgs>, string]>([
    ["a third kind of key", { key: "warmkey", ss58: PHRASE_ADDRESS }, "CLI_USAGE"],
    ["two sources", { ss58: PHRASE_ADDRESS, publicKey: SEED }, "CLI_USAGE"],
    ["an address that is none", { ss58: "5abc" }, "WALLET_BAD_ADDRESS"],
    ["a file that is absent", { seedFile: "/absent/seed" }, "CONFIG_INVALID"],
    ["a name that leads elsewhere", { hotkey: "../x", ss58: PHRASE_ADDRESS }, "WALLET_BAD_NAME"],
  ])("is refused with %s", async (_what, args, code) => {
    await expect(run(args)).rejects.toMatchObject({ code });
    expect(await describeWallets(fixture.wallets)).toEqual([]);
  });

  it("is encrypted when it is a coldkey, so without a password nothing is written", async () => {
    const importing = run({ key: "coldkey", seedFile: await fixture.note(SEED) });
    await expect(importing).rejects.toMatchObject({ code: "WALLET_PASSWORD_NEEDED" });
    expect(await describeWallets(fixture.wallets)).toEqual([]);
    const weak = run({
      key: "coldkey",
      seedFile: await fixture.note(SEED),
      passwordFile: await fixture.note("aaaaaaaaaa"),
    });
    await expect(weak).rejects.toMatchObject({ code: "WALLET_WEAK_PASSWORD" });
  });
});
