import { beforeAll, describe, expect, it } from "vitest";
import { fromHex, toHex } from "./key-forms.ts";
import { Keypair, keysReady, toAddress, verifySr25519 } from "./keypair.ts";
import { bytesOfText, signText, verifyText } from "./signed-text.ts";
import { haveVectors, readVectors } from "./wallet-vectors.test-kit.ts";

type Rule = { call: string; bytes_signed_hex?: string; result?: boolean | "error"; note: string };

const { keypair_api_rules: rules } = readVectors<{ keypair_api_rules: Rule[] }>("sr25519", {
  keypair_api_rules: [],
});

beforeAll(keysReady);

describe.skipIf(!haveVectors)(
  "rules of the Python tools (skipped where the folder of vectors is absent)",
  () => {
    it.each(rules)("$call: $note", ({ call, bytes_signed_hex, result }) => {
      const alice = Keypair.fromUri("//Alice");
      const [, signed] = /^sign\('(.*)'\)$/.exec(call) ?? [];
      if (signed !== undefined) return expect(toHex(bytesOfText(signed))).toBe(bytes_signed_hex);
      const wrapped = toHex(alice.sign(Buffer.from("<Bytes>hello</Bytes>")));
      const verify = () => verifyText("hello", result === "error" ? "Test" : wrapped, alice.address);
      if (result === "error") return expect(verify).toThrow(/signature/);
      expect(verify()).toBe(result);
    });
  },
);

describe("a signed text", () => {
  const text = "I hold this key";

  it("verifies for its signer and nobody else, sr25519 or ed25519", () => {
    for (const signer of [Keypair.fromUri("//Alice"), Keypair.fromEd25519Seed(new Uint8Array(32).fill(7))]) {
      const signature = signText(text, signer);
      expect(verifyText(text, signature, signer.address)).toBe(true);
      expect(verifyText(`${text}!`, signature, signer.address)).toBe(false);
      expect(verifyText(text, signature, Keypair.fromUri("//Bob").address)).toBe(false);
    }
  });

  it("given as hex is never signed bare, as it could be a call of the chain", () => {
    const alice = Keypair.fromUri("//Alice");
    const signature = signText("0x0500", alice);
    expect(verifySr25519(fromHex("0x0500"), fromHex(signature), alice.publicKey)).toBe(false);
    expect(verifyText("0x0500", signature, alice.address)).toBe(true);
  });

  it("is nobody's under the key of 32 zeros, for which everybody can sign", () => {
    const zeros = new Uint8Array(32);
    const anybodys = new Uint8Array(64);
    anybodys[63] = 0x80; // schnorrkel's mark: the point at infinity, and no scalar
    expect(verifySr25519(bytesOfText(text), anybodys, zeros)).toBe(true);
    expect(verifyText(text, toHex(anybodys), toAddress(zeros))).toBe(false);
  });
});
