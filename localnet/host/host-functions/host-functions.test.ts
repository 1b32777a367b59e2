import { bls12_381 } from "@noble/curves/bls12-381.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { beforeAll, describe, expect, it } from "vitest";
import { Keypair, keysReady } from "../../../shared/keys/keypair.ts";
import { SignatureCheck } from "../../runtime/signature-check.ts";
import { State } from "../../state/state.ts";
import { CallStorage } from "../call-storage.ts";
import { GuestMemory, type Span, spanOf } from "../guest-memory.ts";
import { Heap } from "../heap.ts";
import type { HostFunctions } from "../host-call.ts";
import { hostFunctionsFor } from "../host-functions.ts";
import { Memory } from "../wasm.ts";
import { G1, type Group, readJacobian, writeJacobian } from "./arkworks-codec.ts";

const { pairing, fields } = bls12_381;

beforeAll(keysReady);

describe("hashing", () => {
  it.each([
    ["twox_64", "abc", "990977adf52cbc44"],
    ["twox_128", "System", "26aa394eea5630e07c48ae0c9558cef7"],
    ["blake2_128", "", "cae66941d9efbd404e4d88758ea67670"],
    ["blake2_256", "", "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8"],
    ["keccak_256", "", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"],
    ["sha2_256", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  ])("%s of %j", (name, text, digest) => {
    const guest = createGuest();
    const pointer = guest.call<number>(`ext_hashing_${name}_version_1`, guest.give(Buffer.from(text)));
    expect(Buffer.from(guest.memory.readAt(pointer, digest.length / 2)).toString("hex")).toBe(digest);
  });
});

describe("signatures", () => {
  const message = Buffer.from("a payload");

  it("an sr25519 signature holds for its message and key alone", () => {
    const alice = Keypair.fromUri("//Alice");
    const guest = createGuest();
    const verify = (signed: Uint8Array, key: Uint8Array) =>
      guest.call<number>(
        "ext_crypto_sr25519_verify_version_2",
        guest.place(alice.sign(message)),
        guest.give(signed),
        guest.place(key),
      );
    expect(verify(message, alice.publicKey)).toBe(1);
    expect(verify(Buffer.from("another"), alice.publicKey)).toBe(0);
    expect(verify(message, Keypair.fromUri("//Bob").publicKey)).toBe(0);
  });

  it("recovers who made an ecdsa signature, in both forms of the recovery id", () => {
    const secret = new Uint8Array(32).fill(7);
    const digest = new Uint8Array(32).fill(9);
    const signature = secp256k1.sign(digest, secret, { prehash: false, format: "recovered" });
    for (const offset of [0, 27]) {
      const bytes = Uint8Array.from([...signature.slice(1), signature[0]! + offset]);
      const guest = createGuest();
      const name = "ext_crypto_secp256k1_ecdsa_recover_compressed_version_2";
      const answer = guest.answer(name, guest.place(bytes), guest.place(digest));
      expect([...answer]).toEqual([0, ...secp256k1.getPublicKey(secret)]);
    }
  });

  it.each([
    ["a recovery id of nothing", [...new Array(64).fill(1), 9], [1, 1]],
    ["zeros", new Array(65).fill(0), [1, 2]],
  ])("answers %s with the runtime's own error", (_, bytes, expected) => {
    const guest = createGuest();
    const digest = guest.place(new Uint8Array(32));
    const name = "ext_crypto_secp256k1_ecdsa_recover_version_2";
    expect([...guest.answer(name, guest.place(Uint8Array.from(bytes)), digest)]).toEqual(expected);
  });
});

describe("storage", () => {
  it("reads, appends, walks and clears as the runtime sees it", () => {
    const guest = createGuest();
    const give = (text: string) => guest.give(Buffer.from(text));
    guest.call("ext_storage_set_version_1", give("a1"), give("one"));
    guest.call("ext_storage_set_version_1", give("a2"), give("second"));
    expect(text(guest.answer("ext_storage_get_version_1", give("a1")))).toBe("\x01\x0cone");
    expect([...guest.answer("ext_storage_get_version_1", give("b"))]).toEqual([0]);
    const out = guest.give(new Uint8Array(3));
    expect([...guest.answer("ext_storage_read_version_1", give("a2"), out, 2)]).toEqual([1, 4, 0, 0, 0]);
    expect(text(guest.memory.read(out))).toBe("con");
    for (const item of [7, 8])
      guest.call("ext_storage_append_version_1", give("list"), guest.give(Uint8Array.of(item)));
    expect([...guest.answer("ext_storage_get_version_1", give("list"))]).toEqual([1, 3 << 2, 2 << 2, 7, 8]);
    expect(text(guest.answer("ext_storage_next_key_version_1", give("a1")))).toBe("\x01\x08a2");
    const none = guest.give(Uint8Array.of(0));
    expect([...guest.answer("ext_storage_clear_prefix_version_2", give("a"), none)]).toEqual([0, 0, 0, 0, 0]);
    expect(guest.call("ext_storage_exists_version_1", give("a1"))).toBe(0);
  });

  it("keeps child tries apart, also when one's name begins like another's", () => {
    const guest = createGuest();
    const give = (value: string) => guest.give(Buffer.from(value));
    const prefix = "ext_default_child_storage_";
    guest.call(`${prefix}set_version_1`, give("ab"), give("x"), give("1"));
    guest.call(`${prefix}set_version_1`, give("a"), give("bx"), give("2"));
    expect(text(guest.answer(`${prefix}get_version_1`, give("a"), give("bx")))).toBe("\x01\x042");
    expect(text(guest.answer(`${prefix}next_key_version_1`, give("ab"), give("")))).toBe("\x01\x04x");
    expect([...guest.answer(`${prefix}next_key_version_1`, give("ab"), give("x"))]).toEqual([0]);
    guest.call(`${prefix}storage_kill_version_1`, give("a"));
    expect(guest.call(`${prefix}exists_version_1`, give("ab"), give("x"))).toBe(1);
    expect(guest.call(`${prefix}exists_version_1`, give("a"), give("bx"))).toBe(0);
  });
});

describe("BLS12-381", () => {
  const g1 = bls12_381.G1.Point.BASE;
  const g2 = bls12_381.G2.Point.BASE;

  it("a product of pairings is what the library says it is", () => {
    const guest = createGuest();
    const a = [g1.multiply(5n), g1.multiply(11n)];
    const b = [g2.multiply(3n), g2.multiply(2n)];
    const name = "ext_host_calls_bls12_381_";
    const loop = guest.answer(
      `${name}multi_miller_loop_version_1`,
      guest.give(vector(a.map((point) => point.toBytes(false)))),
      guest.give(vector(b.map((point) => point.toBytes(false)))),
    );
    const target = guest.answer(`${name}final_exponentiation_version_1`, guest.give(okBytes(loop)));
    const expected = pairing(g1.multiply(37n), g2); // 5 * 3 + 11 * 2
    const first = Buffer.from(okBytes(target).slice(0, 48)).reverse().toString("hex");
    expect(BigInt(`0x${first}`)).toBe(expected.c0.c0.c0);
    expect(okBytes(target)).toHaveLength(576);
  });

  it("multiplies points in Jacobian coordinates, by factors beyond the order of the group", () => {
    const scaled = jacobian(G1, g1, 5n);
    expect(readJacobian(G1, scaled).equals(g1)).toBe(true);
    const factor = fields.Fr.ORDER + 4n;
    const limbs = [0n, 64n, 128n, 192n].map((shift) => u64((factor >> shift) & 0xffff_ffff_ffff_ffffn));
    const guest = createGuest();
    const name = "ext_host_calls_bls12_381_mul_projective_g1_version_1";
    const answer = okBytes(guest.answer(name, guest.give(scaled), guest.give(vector(limbs))));
    expect(readJacobian(G1, answer).equals(g1.multiply(4n))).toBe(true);
    expect(readJacobian(G1, writeJacobian(G1, bls12_381.G1.Point.ZERO)).is0()).toBe(true);
  });

  it("answers bytes that are no point with an error, not with a trap", () => {
    const guest = createGuest();
    const points = guest.give(vector([new Uint8Array(96).fill(0x1f)]));
    const name = "ext_host_calls_bls12_381_multi_miller_loop_version_1";
    expect([...guest.answer(name, points, guest.give(vector([g2.toBytes(false)])))]).toEqual([1]);
  });
});

/** A memory and functions over it, without a module: the test calls what a runtime would. */
function createGuest() {
  const wasm = new Memory({ initial: 4, maximum: 64 });
  const heap = new Heap(wasm, 1_024);
  const memory = new GuestMemory(wasm, () => heap);
  const storage = new CallStorage(new State());
  const signatures = new SignatureCheck();
  const functions = (name: string): HostFunctions =>
    hostFunctionsFor([name], {
      memory,
      storage,
      signatures,
      maxLevel: "off",
      stateRoot: () => storage.root("0x"),
      log: () => {},
    });
  const call = <T>(name: string, ...args: (number | bigint)[]): T =>
    (functions(name)[name] as (...given: (number | bigint)[]) => T)(...args);
  return {
    memory,
    call,
    answer: (name: string, ...args: (number | bigint)[]) => memory.read(call<Span>(name, ...args)),
    place: (bytes: Uint8Array) => memory.place(bytes),
    give: (bytes: Uint8Array): Span => spanOf(memory.place(bytes), bytes.length),
  };
}

function vector(items: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([u64(BigInt(items.length)), ...items]);
}

function u64(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

/** What is inside `Ok(bytes)`. */
function okBytes(answer: Uint8Array): Uint8Array {
  expect(answer[0]).toBe(0);
  const prefix = [1, 2, 4, 0][answer[1]! & 3]!;
  return answer.slice(1 + prefix);
}

/** The same point with another third coordinate. */
function jacobian<F>(group: Group<F>, point: { toAffine(): { x: F; y: F } }, factor: bigint): Uint8Array {
  const { field, write } = group;
  const { x, y } = point.toAffine();
  const z = field.mul(field.ONE, factor);
  const square = field.sqr(z);
  return Buffer.concat([write(field.mul(x, square)), write(field.mul(y, field.mul(square, z))), write(z)]);
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
