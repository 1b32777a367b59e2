import { inspect } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { fromAddress, Keypair, keysReady, toAddress, verifySr25519 } from "./keypair.ts";
import { haveVectors, readVectors } from "./wallet-vectors.test-kit.ts";

type Signed = { label: string; message_hex: string; public_key: string; signature: string; valid: boolean };
type Address = { address: string; public_key: string | null; valid: boolean; prefix?: number; note: string };

const { cases: signatures } = readVectors<{ cases: Signed[] }>("sr25519", { cases: [] });
const { cases: addresses } = readVectors<{ cases: Address[] }>("ss58", { cases: [] });
const { uris, seeds } = readVectors<{
  uris: { uri: string; ss58: string }[];
  seeds: { seed: string; ss58: string }[];
}>("keypairs", { uris: [], seeds: [] });

beforeAll(keysReady);

describe.skipIf(!haveVectors)("key vectors (skipped where the folder of vectors is absent)", () => {
  it.each(signatures)("verifies: $label", ({ message_hex, public_key, signature, valid }) => {
    expect(verifySr25519(bytes(message_hex), bytes(signature), bytes(public_key))).toBe(valid);
  });

  it.each(addresses)("decodes only prefix 42: $address ($note)", ({ address, public_key, valid }) => {
    const decoded = fromAddress(address);
    const ours = valid && public_key !== null && toAddress(bytes(public_key)) === address;
    expect(decoded && `0x${Buffer.from(decoded).toString("hex")}`).toBe(ours ? public_key : undefined);
  });

  it.each(uris)("derives $uri", ({ uri, ss58 }) => {
    expect(Keypair.fromUri(uri).address).toBe(ss58);
  });

  it.each(seeds)("makes $ss58 from its seed", ({ seed, ss58 }) => {
    expect(Keypair.fromSeed(bytes(seed)).address).toBe(ss58);
  });
});

describe("Keypair", () => {
  it("signs what verifies, and nothing else verifies", () => {
    const alice = Keypair.fromUri("//Alice");
    const message = Buffer.from("weights");
    const signature = alice.sign(message);
    expect(verifySr25519(message, signature, alice.publicKey)).toBe(true);
    expect(verifySr25519(Buffer.from("Weights"), signature, alice.publicKey)).toBe(false);
    expect(verifySr25519(message, signature, Keypair.fromUri("//Bob").publicKey)).toBe(false);
    expect(verifySr25519(message, signature.subarray(1), alice.publicKey)).toBe(false);
  });

  it("derives one secret per purpose, the same at each call", () => {
    const alice = Keypair.fromUri("//Alice");
    expect(alice.deriveSecret("queue")).toEqual(Keypair.fromUri("//Alice").deriveSecret("queue"));
    expect(alice.deriveSecret("queue")).not.toEqual(alice.deriveSecret("epoch"));
  });

  it("shows its address and never its secret", () => {
    const alice = Keypair.fromUri("//Alice");
    expect(inspect(alice)).toBe(`Keypair ${alice.address} [secret]`);
    expect(JSON.parse(JSON.stringify(alice))).toEqual({ address: alice.address, secretKey: "[secret]" });
  });

  it.each(["", "one two three", "0x12", "alice"])("refuses %j as a secret URI", (uri) => {
    expect(() => Keypair.fromUri(uri)).toThrow(expect.objectContaining({ code: "WALLET_BAD_SECRET" }));
  });
});

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.slice(2), "hex"));
}
