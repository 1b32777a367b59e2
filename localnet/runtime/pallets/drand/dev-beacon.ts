import { type Beacon, type Pulse, QUICKNET, signRound } from "../../../../shared/chain/timelock/beacon.ts";
import type { BeaconConfiguration } from "./drand-types.ts";

/*
 * Off line there is no drand. A local chain has a beacon of its own instead, with the rounds of the real one but a key
 * that everybody can read here, as everybody knows //Alice. It hides nothing; it opens what was encrypted to it.
 */

/** SHA-256 of "subforge development beacon", modulo the group order. */
const SECRET = 0x17c1251e3bdad18a8a4fdee1856807125d9d94b0f78df0f30d7d20bfc8e5df1fn;

/** The secret times the generator: written down, because computing it takes a tenth of a second. */
const PUBLIC_KEY =
  "857752a36947cae5e230a7bb6aab14c46ec57a425f145c1fb3fe2e0956fc5c4571e263e94b7e92f9dacde66e87fe3506106844dc21a7034a18642ac159731e389d0e1242cc23ffe548d9e4109cf7c85ccad89f5b0c6abde20ae8c7e1329a39c1";

/** The beacon of a local chain. Its rounds are quicknet's, so that a client which does not ask still picks valid ones. */
export const DEV_BEACON: Beacon = { ...QUICKNET, publicKey: fromHex(PUBLIC_KEY) };

/** What the real chain's storage holds by default. */
export const QUICKNET_CONFIG: BeaconConfiguration = configOf(QUICKNET, {
  hash: fromHex("52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"),
  groupHash: fromHex("f477d5c89f21a17c863a7f937c6a6d15859414d2be09cd448d4279af331c5d3e"),
  id: "quicknet",
});

export const DEV_BEACON_CONFIG: BeaconConfiguration = configOf(DEV_BEACON, {
  hash: fromHex("f02e62f9cade47a911e62b4e271da6a158cbddc035ed62f60deeb3277a67880a"),
  groupHash: new Uint8Array(32),
  id: "subforge-development",
});

/** Signing takes milliseconds, and the same round is asked for again by every block of an epoch. */
const signed = new Map<number, Pulse>();
const MAX_SIGNED = 1_024;

/** What the local beacon publishes at a round. */
export function devPulse(round: number): Pulse {
  const known = signed.get(round);
  if (known) return known;
  if (signed.size >= MAX_SIGNED) signed.clear();
  const pulse = signRound(round, SECRET);
  signed.set(round, pulse);
  return pulse;
}

function configOf(
  beacon: Beacon,
  { hash, groupHash, id }: { hash: Uint8Array; groupHash: Uint8Array; id: string },
): BeaconConfiguration {
  return {
    public_key: beacon.publicKey,
    period: beacon.periodSeconds,
    genesis_time: beacon.genesisSeconds,
    hash,
    group_hash: groupHash,
    scheme_id: new TextEncoder().encode("bls-unchained-g1-rfc9380"),
    metadata: { beacon_id: new TextEncoder().encode(id) },
  };
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "hex"));
}
