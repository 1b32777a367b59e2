import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { isSubforgeError } from "../errors.ts";
import { keyfileFromDevKey, keyfileFromMnemonic, newMnemonic, parseKeyfile } from "./keyfile.ts";
import { Keypair, keysReady, verifySr25519 } from "./keypair.ts";
import { haveVectors, readVectors } from "./wallet-vectors.test-kit.ts";

type Mnemonic = {
  mnemonic: string;
  mini_secret: string;
  sr25519: { private_key_keyfile_form: string; public_key: string; ss58: string };
};
type PlainCase = {
  label: string;
  text: string;
  expect: { ss58: string; can_sign?: boolean; error?: boolean };
};

const { cases } = readVectors<{ cases: PlainCase[] }>("keyfile_plain", { cases: [] });
const { mnemonics, private_key_only, invalid_mnemonics } = readVectors<{
  mnemonics: Mnemonic[];
  private_key_only: { private_key_keyfile_form: string; public_key: string; ss58: string }[];
  invalid_mnemonics: string[];
}>("keypairs", { mnemonics: [], private_key_only: [], invalid_mnemonics: [] });

beforeAll(keysReady);

describe.skipIf(!haveVectors)("keyfile vectors (skipped where the folder of vectors is absent)", () => {
  it.each(cases)("reads: $label", ({ label, text, expect: expected }) => {
    if (expected.error) {
      expect(codeOf(() => parseKeyfile(text, "k"))).toBe("WALLET_INVALID");
      return;
    }
    const { address, keypair } = parseKeyfile(text, "k");
    expect(address).toBe(expected.ss58);
    const canSign = expected.can_sign !== false && !label.startsWith("ed25519");
    expect(keypair?.address).toBe(canSign ? expected.ss58 : undefined);
  });

  it.each(mnemonics)(
    "writes the same members as btcli for: $mnemonic",
    ({ mnemonic, mini_secret, sr25519 }) => {
      const written = keyfileFromMnemonic(mnemonic);
      expect(JSON.parse(written.secret)).toEqual({
        accountId: sr25519.public_key,
        publicKey: sr25519.public_key,
        privateKey: sr25519.private_key_keyfile_form,
        secretPhrase: mnemonic,
        secretSeed: mini_secret,
        ss58Address: sr25519.ss58,
      });
      expect(parseKeyfile(written.public, "k")).toEqual({ address: sr25519.ss58, keypair: undefined });
    },
  );

  it.each(private_key_only)("signs with the private key alone of $ss58", (vector) => {
    const text = JSON.stringify({
      publicKey: vector.public_key,
      privateKey: vector.private_key_keyfile_form,
    });
    const { keypair } = parseKeyfile(text, "k");
    const message = Buffer.from("hello");
    expect(verifySr25519(message, keypair!.sign(message), keypair!.publicKey)).toBe(true);
    expect(keypair!.address).toBe(vector.ss58);
  });

  it.each(invalid_mnemonics)("refuses the mnemonic: %s", (mnemonic) => {
    expect(codeOf(() => keyfileFromMnemonic(mnemonic))).toBe("WALLET_BAD_SECRET");
  });
});

describe("keyfile", () => {
  it("opens what it wrote, and the two halves name one address", () => {
    const written = keyfileFromMnemonic(newMnemonic());
    expect(parseKeyfile(written.secret, "k").keypair?.address).toBe(written.address);
    expect(parseKeyfile(written.public, "k").address).toBe(written.address);
  });

  it("writes texts only: older wallets refuse a file with any other member", () => {
    const members = Object.values(JSON.parse(keyfileFromMnemonic(newMnemonic()).secret) as object);
    expect(members.every((member) => typeof member === "string")).toBe(true);
  });

  it.each(["//Alice", "//Bob//stash", "//miner-7/hot"])(
    "writes the development key %s so that it signs",
    (uri) => {
      const { keypair } = parseKeyfile(keyfileFromDevKey(uri).secret, "k");
      expect(keypair?.address).toBe(Keypair.fromUri(uri).address);
    },
  );

  it.each(["Alice", "", "bottom drive obey", "//Alice///password", "//a b"])(
    "refuses %j as a development key",
    (uri) => {
      expect(codeOf(() => keyfileFromDevKey(uri))).toBe("WALLET_BAD_SECRET");
    },
  );

  it("refuses a file whose secret belongs to another address", () => {
    const mine = JSON.parse(keyfileFromDevKey("//Alice").secret) as Record<string, string>;
    const other = JSON.parse(keyfileFromDevKey("//Bob").public) as Record<string, string>;
    expect(codeOf(() => parseKeyfile(JSON.stringify({ ...mine, ...other }), "k"))).toBe("WALLET_INVALID");
    const halfSwapped = { ...mine, ss58Address: other.ss58Address };
    expect(codeOf(() => parseKeyfile(JSON.stringify(halfSwapped), "k"))).toBe("WALLET_INVALID");
  });

  it("never quotes the content in an error", () => {
    const phrase = "old leopard transfer rib spatial phone calm indicate online fire caution WRONG";
    const error = thrownBy(() => parseKeyfile(JSON.stringify({ secretPhrase: phrase }), "k"));
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain("leopard");
  });

  it("answers any text with a keyfile or WALLET_INVALID", () => {
    const members = fc.record(
      {
        publicKey: fc.oneof(fc.string(), fc.constant(`0x${"11".repeat(32)}`)),
        privateKey: fc.oneof(
          fc.string(),
          fc.constant(`0x${"ff".repeat(64)}`),
          fc.constant(`0x${"00".repeat(64)}`),
        ),
        secretSeed: fc.string(),
        secretPhrase: fc.string(),
        ss58Address: fc.string(),
        cryptoType: fc.integer({ min: -1, max: 2 }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          members.map((m) => JSON.stringify(m)),
        ),
        (text) => {
          const code = codeOf(() => parseKeyfile(text, "k"));
          return code === undefined || code === "WALLET_INVALID";
        },
      ),
    );
  });
});

function thrownBy(act: () => unknown): unknown {
  try {
    act();
    return undefined;
  } catch (error) {
    return error;
  }
}

function codeOf(act: () => unknown): string | undefined {
  const error = thrownBy(act);
  if (error !== undefined && !isSubforgeError(error)) throw error;
  return error?.code;
}
