import { randomBytes } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { sr25519Verify } from "@polkadot/util-crypto";
import { Keypair, keysReady, verifySr25519 } from "../../shared/keys/keypair.ts";
import { KnownKeyVerifier } from "../../shared/keys/sr25519/known-key-verifier.ts";
import { verifyByWasmCrypto } from "../../shared/keys/sr25519/verify-slowly.ts";
import type { VerifySr25519 } from "../../shared/wire/protocol.ts";
import { type BenchCase, compareCosts } from "./bench-case.ts";

const ROUNDS = 7;
/** Callers who take turns: their tables do not fit the nearest cache all at once. */
const KEYS = 16;
/** About what btauth/1 signs. */
const MESSAGE_BYTES = 230;

type Signed = { message: Uint8Array; signature: Uint8Array; publicKey: Uint8Array };

/** One signature after the other, in CPU time, against what Substrate's own clients verify with. */
export async function benchSr25519(): Promise<BenchCase[]> {
  await keysReady();
  const signed = Array.from({ length: KEYS }, signSomething);
  const known = new KnownKeyVerifier({ maxKeys: KEYS });
  const verifyKnown: VerifySr25519 = (message, signature, key) => known.verify(message, signature, key, true);
  while (known.tables < KEYS) {
    verifyAll(signed, verifyKnown, KEYS);
    await nextTurn();
  }
  const viaKeyring: VerifySr25519 = (message, signature, key) => sr25519Verify(message, signature, key);
  const compare = (
    what: string,
    required: number,
    ours: VerifySr25519,
    peer: VerifySr25519,
    slower: number,
  ) => {
    const usOf = (verify: VerifySr25519, times: number) =>
      cpuUsOf(() => verifyAll(signed, verify, times), times);
    usOf(ours, 500); // the compiler of WebAssembly takes its time to see what is hot
    const rounds = Array.from({ length: ROUNDS }, () => ({
      ours: usOf(ours, 800),
      peer: usOf(peer, slower),
    }));
    return compareCosts(what, "us CPU", required, rounds);
  };
  return [
    compare("verify, known key; peer: @polkadot/wasm-crypto", 6, verifyKnown, verifyByWasmCrypto, 160),
    compare("verify, unknown key; peer: @polkadot/wasm-crypto", 2, verifySr25519, verifyByWasmCrypto, 160),
    compare("verify, known key; peer: what Keyring calls", 50, verifyKnown, viaKeyring, KEYS),
  ];
}

function signSomething(): Signed {
  const pair = Keypair.random();
  const message = randomBytes(MESSAGE_BYTES);
  return { message, signature: pair.sign(message), publicKey: pair.publicKey };
}

function verifyAll(signed: readonly Signed[], verify: VerifySr25519, times: number): void {
  for (let i = 0; i < times; i++) {
    const { message, signature, publicKey } = signed[i % signed.length]!;
    if (!verify(message, signature, publicKey)) throw new Error("a good signature was refused");
  }
}

/** CPU time, because whoever else uses the machine must not count. */
function cpuUsOf(work: () => void, times: number): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
}
