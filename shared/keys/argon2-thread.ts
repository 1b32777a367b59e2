import { parentPort, workerData } from "node:worker_threads";
import sodium from "libsodium-wrappers-sumo";

/*
 * A thread of its own: the derivation computes for seconds, and WebAssembly never gives its 512 MiB back before its
 * thread ends.
 */

const { password, salt, passes, memoryBytes, keyBytes } = workerData as Argon2Work;
await sodium.ready;
parentPort?.postMessage(
  sodium.crypto_pwhash(keyBytes, password, salt, passes, memoryBytes, sodium.crypto_pwhash_ALG_ARGON2I13),
);

export type Argon2Work = {
  password: Uint8Array;
  salt: Uint8Array;
  passes: number;
  memoryBytes: number;
  keyBytes: number;
};
