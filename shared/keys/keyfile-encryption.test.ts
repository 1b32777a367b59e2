import { describe, expect, it } from "vitest";
import { decryptKeyfile, deriveNaclKey, encryptKeyfile, openNaclBox } from "./keyfile-encryption.ts";
import { keyfileFormat } from "./keyfile-format.ts";
import { Secret } from "./secret.ts";
import { haveVectors, readVectors } from "./wallet-vectors.test-kit.ts";

/** Each derivation takes seconds and 512 MiB. */
const SLOW_MS = 60_000;

type Encrypted = {
  label: string;
  password: string;
  file_base64: string;
  plaintext: string;
  argon2i_key_hex: string;
};
const { cases, negative } = readVectors<{ cases: Encrypted[]; negative: Encrypted[] }>("keyfile_nacl", {
  cases: [],
  negative: [],
});
const ansible = readVectors("keyfile_ansible", { password: "", file_text: "", plaintext: "" });
const fernet = readVectors("keyfile_fernet", { password: "", token: "", plaintext: "" });

/** The key depends on the password only: two files of one password cost one derivation. */
const keys = new Map<string, Promise<Uint8Array>>();
function keyOf(password: string): Promise<Uint8Array> {
  const key = keys.get(password) ?? deriveNaclKey(new Secret(password));
  keys.set(password, key);
  return key;
}

describe.skipIf(!haveVectors)("W4 encrypted vectors (skipped where the folder of vectors is absent)", () => {
  it.each(cases)("opens $NACL: $label", { timeout: SLOW_MS }, async (vector) => {
    const key = await keyOf(vector.password);
    expect(Buffer.from(key).toString("hex")).toBe(vector.argon2i_key_hex);
    const content = openNaclBox(Buffer.from(vector.file_base64, "base64"), key);
    expect(Buffer.from(content ?? []).toString()).toBe(vector.plaintext);
  });

  it.each(negative)("refuses $NACL: $label", { timeout: SLOW_MS }, async (vector) => {
    const key = await keyOf(vector.password);
    expect(openNaclBox(Buffer.from(vector.file_base64, "base64"), key)).toBeUndefined();
  });

  it("opens Ansible Vault, tries passwords in order, and refuses another one", async () => {
    const file = Buffer.from(ansible.file_text);
    expect(keyfileFormat(file)).toBe("ansible-vault");
    const passwords = [new Secret("another"), new Secret(ansible.password)];
    const { content, password } = await decryptKeyfile(file, passwords, "k");
    expect(content.revealText()).toBe(ansible.plaintext);
    expect(password).toBe(passwords[1]);
    await expect(decryptKeyfile(file, passwords.slice(0, 1), "k")).rejects.toMatchObject({
      code: "WALLET_WRONG_PASSWORD",
    });
  });

  it("opens Fernet, ten million rounds", { timeout: SLOW_MS }, async () => {
    const file = Buffer.from(fernet.token);
    expect(keyfileFormat(file)).toBe("fernet");
    const { content } = await decryptKeyfile(file, [new Secret(fernet.password)], "k");
    expect(content.revealText()).toBe(fernet.plaintext);
  });

  it.each([
    ["a changed digit", (text: string) => `${text.slice(0, -3)}${text.at(-3) === "1" ? "2" : "1"}\n`],
    ["another salt", (text: string) => text.replace("\n3", "\n4")],
  ])("refuses a vault with %s", async (_what, damage) => {
    const opening = decryptKeyfile(
      Buffer.from(damage(ansible.file_text)),
      [new Secret(ansible.password)],
      "k",
    );
    await expect(opening).rejects.toMatchObject({
      code: expect.stringMatching(/^WALLET_(WRONG_PASSWORD|INVALID)$/),
    });
  });
});

describe("keyfile encryption", () => {
  it("W4 writes the current format only, and opens what it wrote", { timeout: SLOW_MS }, async () => {
    const password = new Secret("pässwörd☃ 123");
    const bytes = await encryptKeyfile(new Secret('{"a":"b"}'), password);
    expect(keyfileFormat(bytes)).toBe("nacl");
    const content = openNaclBox(bytes, await keyOf(password.revealText()));
    expect(Buffer.from(content ?? []).toString()).toBe('{"a":"b"}');
  });

  it.each([
    ["$NACL", "$NACL and too little"],
    ["a vault", "$ANSIBLE_VAULT;1.1;AES256\n3465"],
    ["a vault of another version", "$ANSIBLE_VAULT;1.2;AES256;id\n3465"],
    ["a vault that is no hex", "$ANSIBLE_VAULT;1.1;AES256\nhello"],
    ["a token", "gAAAAABiWQCA"],
    ["a token without a ciphertext", `gAAAAA${"A".repeat(70)}`],
  ])("refuses %s that was cut off, without computing anything", async (_what, text) => {
    const opening = decryptKeyfile(Buffer.from(text), [new Secret("x")], "k");
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
