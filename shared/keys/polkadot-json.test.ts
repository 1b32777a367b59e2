import { scryptSync } from "node:crypto";
import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import { beforeAll, describe, expect, it } from "vitest";
import { parseKeyfile } from "./keyfile.ts";
import { Keypair, keysReady } from "./keypair.ts";
import { isEncryptedExport, keyfileFromPolkadotJson } from "./polkadot-json.ts";
import { Secret } from "./secret.ts";
import { haveVectors, readVectors } from "./wallet-vectors.test-kit.ts";

type Export = { encoded: string; encoding: unknown; address: string };
const vector = readVectors<{
  json: Export;
  passphrase: string;
  expected: { ss58: string; public_key: string; private_key_keyfile_form: string };
}>("polkadot_js_json", {
  json: { encoded: "", encoding: {}, address: "" },
  passphrase: "",
  expected: { ss58: "", public_key: "", private_key_keyfile_form: "" },
});

/** Address of //Alice. */
const ALICE = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

beforeAll(keysReady);

describe.skipIf(!haveVectors)("polkadot.js export (skipped where the folder of vectors is absent)", () => {
  const text = JSON.stringify(vector.json);

  it("becomes the keyfile that btcli makes of it", async () => {
    const key = await keyfileFromPolkadotJson(text, [new Secret(vector.passphrase)], "f");
    expect(JSON.parse(key.secret.revealText())).toEqual({
      accountId: vector.expected.public_key,
      publicKey: vector.expected.public_key,
      privateKey: vector.expected.private_key_keyfile_form,
      ss58Address: vector.expected.ss58,
    });
    expect(isEncryptedExport(text, "f")).toBe(true);
  });

  it.each([
    ["another password", text, "WALLET_WRONG_PASSWORD"],
    ["another address", JSON.stringify({ ...vector.json, address: ALICE }), "WALLET_INVALID"],
    ["a cut block", JSON.stringify({ ...vector.json, encoded: "Z1yzxA==" }), "WALLET_INVALID"],
    ["limits that ask for 128 GiB", withLimits(2 ** 30), "WALLET_INVALID"],
    ["limits that are no power of two", withLimits(32_769), "WALLET_INVALID"],
  ])("is refused with %s", async (what, content, code) => {
    const password = what === "another password" ? "nope" : vector.passphrase;
    const reading = keyfileFromPolkadotJson(content, [new Secret(password)], "f");
    await expect(reading).rejects.toMatchObject({ code });
  });

  function withLimits(cost: number): string {
    const bytes = Buffer.from(vector.json.encoded, "base64");
    bytes.writeUInt32LE(cost, 32);
    return JSON.stringify({ ...vector.json, encoded: bytes.toString("base64") });
  }
});

describe("polkadot.js export", () => {
  it("is read from an older generation, which holds the seed, and without encryption", async () => {
    const seed = Buffer.alloc(32, 7);
    const { address, publicKey } = Keypair.fromSeed(seed);
    const content = exportOf(["pkcs8", "sr25519"], address, block(seed, publicKey));
    const key = await keyfileFromPolkadotJson(content, [], "f");
    expect(parseKeyfile(key.secret.revealText(), "k").keypair?.address).toBe(address);
    expect(isEncryptedExport(content, "f")).toBe(false);
  });

  it("is read for an ed25519 key, encrypted with small limits", async () => {
    const seed = Buffer.alloc(32, 9);
    const { address, publicKey } = Keypair.fromEd25519Seed(seed);
    const plain = block(Buffer.concat([seed, publicKey]), publicKey);
    const salt = Buffer.alloc(32, 1);
    const nonce = Buffer.alloc(24, 2);
    const limits = Buffer.alloc(12);
    [1024, 1, 8].forEach((value, i) => {
      limits.writeUInt32LE(value, 4 * i);
    });
    const key = scryptSync("pw", salt, 64, { N: 1024, p: 1, r: 8 }).subarray(0, 32);
    const box = xsalsa20poly1305(Uint8Array.from(key), nonce).encrypt(plain);
    const bytes = Buffer.concat([salt, limits, nonce, box]);
    const content = exportOf(["pkcs8", "ed25519"], address, bytes, ["scrypt", "xsalsa20-poly1305"]);
    const read = await keyfileFromPolkadotJson(content, [new Secret("pw")], "f");
    expect(parseKeyfile(read.secret.revealText(), "k")).toMatchObject({ address, scheme: "ed25519" });
  });

  it("is refused when its secret belongs to another public key", async () => {
    const { address, publicKey } = Keypair.fromUri("//Bob");
    const content = exportOf(["pkcs8", "sr25519"], address, block(Buffer.alloc(64, 8), publicKey));
    await expect(keyfileFromPolkadotJson(content, [], "f")).rejects.toMatchObject({ code: "WALLET_INVALID" });
  });

  it.each([
    ["no JSON", "hello"],
    ["an array", "[]"],
    ["another scheme", exportOf(["pkcs8", "ethereum"], ALICE, Buffer.alloc(9))],
    ["an unknown encryption", exportOf(["pkcs8", "sr25519"], ALICE, Buffer.alloc(9), ["rot13"])],
    ["another layout", exportOf(["pkcs8", "sr25519"], ALICE, Buffer.alloc(120))],
  ])("is refused when it is %s", async (_what, content) => {
    const reading = keyfileFromPolkadotJson(content, [], "f");
    await expect(reading).rejects.toMatchObject({ code: "WALLET_INVALID" });
  });
});

function block(secret: Uint8Array, publicKey: Uint8Array): Buffer {
  return Buffer.concat([
    Buffer.from("3053020101300506032b657004220420", "hex"),
    secret,
    Buffer.from("a123032100", "hex"),
    publicKey,
  ]);
}

function exportOf(content: string[], address: string, encoded: Uint8Array, type = ["none"]): string {
  return JSON.stringify({
    address,
    encoded: Buffer.from(encoded).toString("base64"),
    encoding: { content, type, version: "3" },
    meta: {},
  });
}
