import { describe, expect, it } from "vitest";
import { decryptKeyfile, encryptKeyfile, keyfileFormat } from "./keyfile-encryption.ts";
import { haveVectors, readVectors } from "./wallet-vectors.test-kit.ts";

/** Each derivation takes seconds and 512 MiB. */
const SLOW_MS = 60_000;

type Encrypted = { label: string; password: string; file_base64: string; plaintext: string };
const { cases, negative } = readVectors<{ cases: Encrypted[]; negative: Encrypted[] }>("keyfile_nacl", {
  cases: [],
  negative: [],
});

/** One derivation by default: the cases differ in the password only, and the command line's tests try a wrong one. */
const slow = process.env.SUBFORGE_SLOW_TESTS === "true";
const opened = slow ? cases : cases.slice(1, 2);

describe.skipIf(!haveVectors)("$NACL vectors (skipped where the folder of vectors is absent)", () => {
  it.each(opened)("opens: $label", { timeout: SLOW_MS }, async ({ file_base64, password, plaintext }) => {
    expect(await decryptKeyfile(Buffer.from(file_base64, "base64"), password, "k")).toBe(plaintext);
  });

  it.skipIf(!slow).each(negative)("refuses: $label", { timeout: SLOW_MS }, async (vector) => {
    const opening = decryptKeyfile(Buffer.from(vector.file_base64, "base64"), vector.password, "k");
    await expect(opening).rejects.toMatchObject({ code: "WALLET_WRONG_PASSWORD" });
  });
});

describe("keyfile encryption", () => {
  it("opens what it wrote", { timeout: SLOW_MS }, async () => {
    const bytes = await encryptKeyfile('{"a":"b"}', "pässword ☃");
    expect(keyfileFormat(bytes)).toBe("nacl");
    expect(await decryptKeyfile(bytes, "pässword ☃", "k")).toBe('{"a":"b"}');
  });

  it("refuses a file that was cut before its tag, without computing anything", async () => {
    const opening = decryptKeyfile(Buffer.from("$NACL and too little"), "x", "k");
    await expect(opening).rejects.toMatchObject({ code: "WALLET_INVALID" });
  });

  it.each([
    ["{}", "plain"],
    ["", "plain"],
    ["$NACL…", "nacl"],
    ["$ANSIBLE_VAULT;1.1;AES256\n", "ansible-vault"],
    ["gAAAAABf", "fernet"],
  ])("tells the format of %j: %s", (start, format) => {
    expect(keyfileFormat(Buffer.from(start))).toBe(format);
  });
});
