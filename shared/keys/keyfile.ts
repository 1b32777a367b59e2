import { mnemonicToMiniSecret, mnemonicValidate } from "@polkadot/util-crypto";
import { z } from "zod";
import { SubforgeError } from "../errors.ts";
import type { Hotkey } from "../types.ts";
import { fromHex, HEX_32, HEX_64, toLibraryForm } from "./key-forms.ts";
import { Keypair, type KeyScheme, toAddress, verifySr25519 } from "./keypair.ts";
import { ED25519_TYPE, publicKeyOf } from "./new-keyfile.ts";

/* What stands in a keyfile of bittensor-wallet, of any generation: JSON of texts. */

const text = z.string().max(1024).nullish();
const keyfileSchema = z.object({
  accountId: text,
  publicKey: text,
  privateKey: text,
  secretPhrase: text,
  secretSeed: text,
  ss58Address: text,
  cryptoType: z.number().int().nullish(),
});
type KeyfileMembers = z.infer<typeof keyfileSchema>;

/** `keypair` is undefined for a public key. */
export type Keyfile = { address: Hotkey; scheme: KeyScheme; keypair: Keypair | undefined };

/**
 * Content of an unencrypted keyfile of any generation. The secret is taken from the phrase, else the seed, else the
 * private key, as btcli does.
 *
 * @param path - Where it came from, for the error.
 * @throws SubforgeError WALLET_INVALID also when the members belong to different keys
 */
export function parseKeyfile(content: string, path: string): Keyfile {
  // The oldest public files hold the key alone, without JSON.
  const members = HEX_32.test(content.trim()) ? { publicKey: content.trim() } : parseMembers(content, path);
  const scheme = members.cryptoType === ED25519_TYPE ? "ed25519" : "sr25519";
  const claimed = claimedAddress(members, path);
  const keypair = scheme === "sr25519" ? sr25519Of(members, path) : ed25519Of(members, path);
  const address = keypair?.address ?? claimed;
  if (address === undefined) throw invalid(path, "it holds neither a secret nor a public key");
  if (claimed !== undefined && claimed !== address) {
    throw invalid(path, `its secret is that of ${address}, its address is ${claimed}`);
  }
  return { address, scheme, keypair };
}

function parseMembers(content: string, path: string): KeyfileMembers {
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch {
    throw invalid(path, "it is not JSON"); // the cause would quote the content
  }
  const parsed = keyfileSchema.safeParse(json);
  if (!parsed.success) {
    throw invalid(
      path,
      `wrong members: ${parsed.error.issues.map((issue) => issue.path.join(".")).join(", ")}`,
    );
  }
  return parsed.data;
}

/** Undefined when the file holds no secret. */
function sr25519Of(members: KeyfileMembers, path: string): Keypair | undefined {
  const seed = seedOf(members, path);
  if (seed) return Keypair.fromSeed(seed);
  const { privateKey } = members;
  if (!privateKey) return undefined;
  if (!HEX_64.test(privateKey)) throw invalid(path, "its private key is not 64 bytes of hex");
  const secretKey = toLibraryForm(fromHex(privateKey));
  const publicKey = members.publicKey ?? members.accountId;
  if (!secretKey || !publicKey || !HEX_32.test(publicKey)) throw invalid(path, "its keys are out of range");
  return matchingKeypair(fromHex(publicKey), secretKey, path);
}

/** Its private key is its seed. */
function ed25519Of(members: KeyfileMembers, path: string): Keypair | undefined {
  const seed = seedOf(members, path);
  if (seed) return Keypair.fromEd25519Seed(seed);
  const { privateKey } = members;
  if (!privateKey) return undefined;
  if (!HEX_32.test(privateKey)) throw invalid(path, "its private key is not 32 bytes of hex");
  return Keypair.fromEd25519Seed(fromHex(privateKey));
}

/** From the phrase, else the seed. A seed that is no hex comes from an old oddity: the private key beside it is right. */
function seedOf(
  { secretPhrase, secretSeed, privateKey }: KeyfileMembers,
  path: string,
): Uint8Array | undefined {
  if (secretPhrase) {
    if (!mnemonicValidate(secretPhrase)) throw invalid(path, "its phrase is no English mnemonic");
    return mnemonicToMiniSecret(secretPhrase);
  }
  if (!secretSeed) return undefined;
  if (HEX_32.test(secretSeed)) return fromHex(secretSeed);
  if (!privateKey) throw invalid(path, "its seed is not 32 bytes of hex");
  return undefined;
}

/** A private key says nothing of its public key unless it is asked to sign. */
function matchingKeypair(publicKey: Uint8Array, secretKey: Uint8Array, path: string): Keypair {
  const keypair = Keypair.fromSecretKey(publicKey, secretKey);
  const probe = Buffer.from("subforge keyfile");
  try {
    if (verifySr25519(probe, keypair.sign(probe), publicKey)) return keypair;
  } catch {
    // the library throws on bytes that are no key
  }
  throw invalid(path, "its private key does not belong to its public key");
}

/** The address that the public members name, all of them the same one. Undefined when there are none. */
function claimedAddress(members: KeyfileMembers, path: string): Hotkey | undefined {
  const { publicKey, accountId, ss58Address } = members;
  const addresses: Hotkey[] = [];
  for (const key of [publicKey, accountId]) {
    if (!key) continue;
    if (!HEX_32.test(key)) throw invalid(path, "its public key is not 32 bytes of hex");
    addresses.push(toAddress(fromHex(key)));
  }
  if (ss58Address) {
    const named = publicKeyOf(ss58Address);
    if (!named) throw invalid(path, "its address is none");
    addresses.push(toAddress(named));
  }
  if (addresses.some((address) => address !== addresses[0])) {
    throw invalid(path, `it names several keys: ${addresses.join(", ")}`);
  }
  return addresses[0];
}

function invalid(path: string, problem: string): SubforgeError {
  return new SubforgeError("WALLET_INVALID", { path, problem });
}
