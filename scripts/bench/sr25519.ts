import { randomBytes } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { sr25519Verify } from "@polkadot/util-crypto";
import { sr25519KeypairFromSeed, sr25519Sign } from "@polkadot/wasm-crypto";
import { Keypair, keysReady, verifySr25519 } from "../../shared/keys/keypair.ts";
import { KnownKeyVerifier } from "../../shared/keys/sr25519/known-key-verifier.ts";
import { verifyByWasmCrypto } from "../../shared/keys/sr25519/verify-slowly.ts";
import type { VerifySr25519 } from "../../shared/wire/protocol.ts";
import { type BenchCase, compareCosts } from "./bench-case.ts";

const ROUNDS = 7;
/** The compiler of WebAssembly takes its time to see what is hot. */
const WARM_UP = 500;
/** How often a round does a thing that takes 30 to 200 us, or 150 to 300 us, or some ms. */
const FAST = 800;
const SLOW = 160;
const SLOWEST = 16;
/** Callers who take turns: their tables do not fit the nearest cache all at once. */
const KEYS = 16;
/** About what btauth/1 signs. */
const MESSAGE_BYTES = 230;

type Signed = { message: Uint8Array; signature: Uint8Array; publicKey: Uint8Array };

/** One signature after the other, in CPU time, against what Substrate's own clients use. */
export async function benchSr25519(): Promise<BenchCase[]> {
  await keysReady();
  const signed = Array.from({ length: KEYS }, signSomething);
  const verifying = (verify: VerifySr25519) => (times: number) => verifyAll(signed, verify, times);
  const byWasmCrypto = verifying(verifyByWasmCrypto);
  const byTables = verifying(await knowing(signed));
  const viaKeyring = verifying((message, signature, key) => sr25519Verify(message, signature, key));

  const seed = randomBytes(32);
  const message = randomBytes(MESSAGE_BYTES);
  const pair = Keypair.fromSeed(seed);
  const raw = sr25519KeypairFromSeed(seed);
  const signing = repeat(() => pair.sign(message));
  const signingByWasmCrypto = repeat(() => sr25519Sign(raw.subarray(64), raw.subarray(0, 64), message));

  return [
    compare("verify, known key; peer: @polkadot/wasm-crypto", 6, byTables, byWasmCrypto, SLOW),
    compare(
      "verify, unknown key; peer: @polkadot/wasm-crypto",
      2,
      verifying(verifySr25519),
      byWasmCrypto,
      SLOW,
    ),
    compare("verify, known key; peer: what Keyring calls", 50, byTables, viaKeyring, SLOWEST),
    compare("sign; peer: @polkadot/wasm-crypto", 2, signing, signingByWasmCrypto, SLOW),
  ];
}

function compare(
  what: string,
  required: number,
  ours: (times: number) => void,
  peer: (times: number) => void,
  peerTimes: number,
): BenchCase {
  ours(WARM_UP);
  const rounds = Array.from({ length: ROUNDS }, () => ({
    ours: cpuUsOf(ours, FAST),
    peer: cpuUsOf(peer, peerTimes),
  }));
  return compareCosts(what, "us CPU", required, rounds);
}

/** A verifier that has met all these keys and made its tables. */
async function knowing(signed: readonly Signed[]): Promise<VerifySr25519> {
  const known = new KnownKeyVerifier({ maxKeys: signed.length });
  const verify: VerifySr25519 = (message, signature, key) => known.verify(message, signature, key, true);
  while (known.tables < signed.length) {
    verifyAll(signed, verify, signed.length);
    await nextTurn();
  }
  return verify;
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

function repeat(work: () => void): (times: number) => void {
  return (times) => {
    for (let i = 0; i < times; i++) work();
  };
}

/** CPU time, because whoever else uses the machine must not count. */
function cpuUsOf(work: (times: number) => void, times: number): number {
  const before = process.cpuUsage();
  work(times);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
}
