import { describe, expect, it } from "vitest";
import { fromHex, toFileForm, toHex, toLibraryForm } from "./key-forms.ts";
import { publicKeyOf } from "./new-keyfile.ts";
import { haveVectors, readVectors } from "./wallet-vectors.test-kit.ts";

type Forms = { private_key_keyfile_form: string; private_key_js_library_form: string };
const { mnemonics, seeds } = readVectors<{ mnemonics: { sr25519: Forms }[]; seeds: Forms[] }>("keypairs", {
  mnemonics: [],
  seeds: [],
});
const { expected } = readVectors<{ expected: Partial<Forms> }>("polkadot_js_json", { expected: {} });
const { cases } = readVectors<{
  cases: { address: string; public_key: string | null; valid: boolean; note: string }[];
}>("ss58", { cases: [] });

const forms = [...mnemonics.map(({ sr25519 }) => sr25519), ...seeds, expected as Forms];

describe.skipIf(!haveVectors)("forms of keys (skipped where the folder of vectors is absent)", () => {
  it.each(forms)("the library's $private_key_js_library_form is the same key as the file's", (vector) => {
    const library = fromHex(vector.private_key_js_library_form);
    const file = fromHex(vector.private_key_keyfile_form);
    expect(toHex(toFileForm(library))).toBe(vector.private_key_keyfile_form);
    expect(toHex(toLibraryForm(file)!)).toBe(vector.private_key_js_library_form);
  });

  it.each(cases)("reads the key behind an address of any prefix: $address ($note)", (vector) => {
    const publicKey = publicKeyOf(vector.address);
    expect(publicKey ? toHex(publicKey) : null).toBe(vector.valid ? vector.public_key : null);
  });
});

describe("forms of keys", () => {
  it("has no library form of a scalar that is too large", () => {
    expect(toLibraryForm(new Uint8Array(64).fill(0xff))).toBeUndefined();
  });
});
