import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { isSubforgeError } from "../errors.ts";
import { parseKeyfile } from "./keyfile.ts";
import { Keypair, keysReady, verifySr25519, verifyWith } from "./keypair.ts";
import {
  keyfileFromDevKey,
  keyfileFromEd25519Seed,
  keyfileFromMnemonic,
  keyfileFromSeed,
  newMnemonic,
  publicKeyfile,
  WORD_COUNTS,
} from "./new-keyfile.ts";
import { Secret } from "./secret.ts";
import { haveVectors, readVectors } from "./wallet-vectors.test-kit.ts";

type Mnemonic = {
  mnemonic: string;
  mini_secret: string;
  sr25519: { private_key_keyfile_form: string; public_key: string; ss58: string };
  ed25519: { public_key: string; ss58: string };
};
type Seed = { seed: string; public_key: string; ss58: string; private_key_keyfile_form: string };
type PlainCase = {
  label: string;
  text: string;
  expect: { ss58: string; can_sign?: boolean; error?: boolean; crypto?: string };
};

const { cases } = readVectors<{ cases: PlainCase[] }>("keyfile_plain", { cases: [] });
const { mnemonics, seeds, private_key_only, invalid_mnemonics } = readVectors<{
  mnemonics: Mnemonic[];
  seeds: Seed[];
  private_key_only: { private_key_keyfile_form: string; public_key: string; ss58: string }[];
  invalid_mnemonics: string[];
}>("keypairs", { mnemonics: [], seeds: [], private_key_only: [], invalid_mnemonics: [] });

beforeAll(keysReady);

describe.skipIf(!haveVectors)("keyfile vectors (skipped where the folder of vectors is absent)", () => {
  it.each(cases)("W4 reads: $label", ({ text, expect: expected }) => {
    if (expected.error) {
      expect(codeOf(() => parseKeyfile(text, "k"))).toBe("WALLET_INVALID");
      return;
    }
    const { address, scheme, keypair } = parseKeyfile(text, "k");
    expect({ address, scheme }).toEqual({ address: expected.ss58, scheme: expected.crypto ?? "sr25519" });
    expect(keypair?.address).toBe(expected.can_sign === false ? undefined : expected.ss58);
    const message = Buffer.from("hello");
    if (keypair) expect(verifyWith(scheme, message, keypair.sign(message), keypair.publicKey)).toBe(true);
  });

  it.each(mnemonics)(
    "writes the same members as btcli for: $mnemonic",
    ({ mnemonic, mini_secret, sr25519 }) => {
      const written = keyfileFromMnemonic(new Secret(mnemonic));
      expect(JSON.parse(written.secret.revealText())).toEqual({
        accountId: sr25519.public_key,
        publicKey: sr25519.public_key,
        privateKey: sr25519.private_key_keyfile_form,
        secretPhrase: mnemonic,
        secretSeed: mini_secret,
        ss58Address: sr25519.ss58,
      });
      expect(parseKeyfile(written.public, "k")).toEqual({
        address: sr25519.ss58,
        scheme: "sr25519",
        keypair: undefined,
      });
    },
  );

  it.each(mnemonics)("reads the ed25519 key of: $mnemonic", ({ mnemonic, mini_secret, ed25519 }) => {
    const members = { secretPhrase: mnemonic, publicKey: ed25519.public_key, cryptoType: 0 };
    expect(parseKeyfile(JSON.stringify(members), "k").keypair).toMatchObject({
      address: ed25519.ss58,
      scheme: "ed25519",
    });
    const written = keyfileFromEd25519Seed(Buffer.from(mini_secret.slice(2), "hex"));
    expect(parseKeyfile(written.secret.revealText(), "k").keypair?.address).toBe(ed25519.ss58);
    expect(parseKeyfile(written.public, "k")).toMatchObject({ address: ed25519.ss58, scheme: "ed25519" });
  });

  it.each(seeds)("writes the members btcli writes for the seed of $ss58", (vector) => {
    const text = keyfileFromSeed(new Secret(vector.seed)).secret.revealText();
    expect(JSON.parse(text)).toEqual({
      accountId: vector.public_key,
      publicKey: vector.public_key,
      privateKey: vector.private_key_keyfile_form,
      secretSeed: vector.seed,
      ss58Address: vector.ss58,
    });
  });

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
    expect(codeOf(() => keyfileFromMnemonic(new Secret(mnemonic)))).toBe("WALLET_BAD_SECRET");
  });
});

describe("keyfile", () => {
  it("opens what it wrote, and the two halves name one address", () => {
    const written = keyfileFromMnemonic(newMnemonic());
    expect(parseKeyfile(written.secret.revealText(), "k").keypair?.address).toBe(written.address);
    expect(parseKeyfile(written.public, "k").address).toBe(written.address);
  });

  it("writes texts only: older wallets refuse a file with any other member", () => {
    const members = Object.values(JSON.parse(textOf(keyfileFromMnemonic(newMnemonic()))) as object);
    expect(members.every((member) => typeof member === "string")).toBe(true);
  });

  it.each(["//Alice", "//Bob//stash", "//miner-7/hot"])(
    "writes the development key %s so that it signs",
    (uri) => {
      const { keypair } = parseKeyfile(textOf(keyfileFromDevKey(uri)), "k");
      expect(keypair?.address).toBe(Keypair.fromUri(uri).address);
    },
  );

  it.each(["Alice", "", "bottom drive obey", "//Alice///password", "//a b"])(
    "refuses %j as a development key",
    (uri) => {
      expect(codeOf(() => keyfileFromDevKey(uri))).toBe("WALLET_BAD_SECRET");
    },
  );

  it.each(WORD_COUNTS)("makes a mnemonic of %i words and opens it again", (words) => {
    const mnemonic = newMnemonic(words);
    expect(mnemonic.revealText().split(" ")).toHaveLength(words);
    const spaced = new Secret(`  ${mnemonic.revealText().replaceAll(" ", "\n ")}\n`);
    expect(keyfileFromMnemonic(spaced)).toEqual(keyfileFromMnemonic(mnemonic));
  });

  it.each([
    ["", "nothing"],
    [`${"abandon ".repeat(8)}about`, "9 words"],
    ["0x12", "a short seed"],
    [`0x${"z".repeat(64)}`, "no hex"],
  ])("refuses %j as a secret: %s", (text) => {
    expect(codeOf(() => keyfileFromMnemonic(new Secret(text)))).toBe("WALLET_BAD_SECRET");
    expect(codeOf(() => keyfileFromSeed(new Secret(text)))).toBe("WALLET_BAD_SECRET");
  });

  it("writes the seed alone for a mnemonic with a BIP39 password: the phrase would open as another key", () => {
    const mnemonic = newMnemonic();
    const written = keyfileFromMnemonic(mnemonic, new Secret("extra"));
    expect(Object.keys(JSON.parse(textOf(written)))).not.toContain("secretPhrase");
    expect(parseKeyfile(textOf(written), "k").address).toBe(written.address);
    expect(written.address).toBe(Keypair.fromUri(`${mnemonic.revealText()}///extra`).address);
    expect(written.address).not.toBe(keyfileFromMnemonic(mnemonic).address);
  });

  it("writes a public key from its bytes or its address, always with prefix 42", () => {
    const alice = Keypair.fromUri("//Alice");
    const hex = `0x${Buffer.from(alice.publicKey).toString("hex")}`;
    for (const key of [hex, alice.address, "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5"]) {
      expect(JSON.parse(publicKeyfile(key).public)).toEqual({
        accountId: hex,
        publicKey: hex,
        ss58Address: alice.address,
      });
    }
    for (const key of ["", "5GrwvaEF", "0x1234", "hello"]) {
      expect(codeOf(() => publicKeyfile(key))).toBe("WALLET_BAD_ADDRESS");
    }
  });

  it("refuses a file whose secret belongs to another address", () => {
    const mine = JSON.parse(textOf(keyfileFromDevKey("//Alice"))) as Record<string, string>;
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

function textOf({ secret }: { secret: Secret }): string {
  return secret.revealText();
}

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
