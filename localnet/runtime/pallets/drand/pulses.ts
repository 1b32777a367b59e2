import { type Beacon, type Pulse, randomnessOf, roundAt } from "../../../../shared/chain/timelock/beacon.ts";
import type { Reader, Store } from "../../../state/store.ts";
import type { Context } from "../../dsl/context.ts";
import { Timestamp } from "../timestamp.ts";
import { DEV_BEACON, devPulse } from "./dev-beacon.ts";
import { drandEvents } from "./drand-events.ts";
import { Drand, DrandPrivate } from "./drand-storage.ts";

/** Pulses this much older than the newest are forgotten: a week. */
const MAX_KEPT_ROUNDS = 216_000n;
/** Forgotten per block at most. */
const MAX_REMOVED = 100;
/** Rounds that are waited for at once. Of more, the farthest are forgotten, and what waits for them expires. */
const MAX_AWAITED = 4_096;

/**
 * The local beacon goes on with the chain's clock: the newest round is known in each block, and those rounds are signed
 * that something waits for. Others are not, since nobody would look and a signature takes milliseconds.
 */
export function publishPulses(c: Context): void {
  const { store: s } = c;
  const due = BigInt(roundAt(DEV_BEACON, Number(Timestamp.Now.get(s)) / 1_000));
  if (due <= Drand.LastStoredRound.get(s) || !listensToDevBeacon(s)) return;
  Drand.LastStoredRound.put(s, due);

  const awaited = DrandPrivate.AwaitedRounds.get(s);
  const ripe = awaited.filter((round) => round <= due);
  if (ripe.length === 0) return;
  for (const round of ripe) storePulse(s, devPulse(Number(round)));
  DrandPrivate.AwaitedRounds.put(s, awaited.slice(ripe.length));
  forgetOldPulses(s, due);
  c.deposit(drandEvents.make.NewPulse({ rounds: ripe }));
}

/** Something was encrypted to this round: have its pulse as soon as it is due, or now when it is due already. */
export function awaitRound({ store: s }: Context, round: bigint): void {
  if (!listensToDevBeacon(s) || round < 1n || round > BigInt(Number.MAX_SAFE_INTEGER)) return;
  if (Drand.Pulses.exists(s, round)) return;
  if (round <= Drand.LastStoredRound.get(s)) {
    storePulse(s, devPulse(Number(round)));
    return;
  }
  const awaited = new Set(DrandPrivate.AwaitedRounds.get(s)).add(round);
  const ascending = [...awaited].sort((a, b) => (a < b ? -1 : 1));
  DrandPrivate.AwaitedRounds.put(s, ascending.slice(0, MAX_AWAITED));
}

/** Take a pulse from outside, which may be newer than the newest round or older. */
export function addPulse(s: Store, pulse: Pulse): void {
  storePulse(s, pulse);
  Drand.LastStoredRound.mutate(s, (last) => (last > BigInt(pulse.round) ? last : BigInt(pulse.round)));
}

/** Keep a pulse. The newest round is moved by who publishes, not here. */
function storePulse(s: Store, pulse: Pulse): void {
  const { signature } = pulse;
  const round = BigInt(pulse.round);
  Drand.Pulses.put(s, round, { round, randomness: randomnessOf(pulse), signature });
  if (Drand.OldestStoredRound.get(s) === 0n) Drand.OldestStoredRound.put(s, round);
}

/**
 * Signatures that may open what was encrypted to a round. Besides the stored pulse it is the local beacon's own, because a
 * pulse of the public network can be put in its place.
 *
 * @returns undefined while the chain has no pulse of the round. `isFinal`: nothing else will ever open it.
 */
export function signaturesOf(
  s: Reader,
  round: bigint,
): { signatures: Uint8Array[]; isFinal: boolean } | undefined {
  const stored = Drand.Pulses.get(s, round);
  if (!stored) return undefined;
  const signature = withoutHexMark(stored.signature);
  if (!listensToDevBeacon(s)) return { signatures: [signature], isFinal: true };
  const own = devPulse(Number(round)).signature;
  const isOwn = Buffer.compare(own, signature) === 0;
  return isOwn ? { signatures: [own], isFinal: false } : { signatures: [signature, own], isFinal: true };
}

export function beaconOf(s: Reader): Beacon {
  const { public_key, genesis_time, period } = Drand.BeaconConfig.get(s);
  return { publicKey: public_key, genesisSeconds: genesis_time, periodSeconds: period };
}

/** Oldest first, a bounded number per block. */
export function forgetOldPulses(s: Store, newest: bigint): void {
  const oldest = Drand.OldestStoredRound.get(s);
  if (oldest + MAX_KEPT_ROUNDS >= newest) return;
  const rounds = [...Drand.Pulses.entries(s)].map(([[round]]) => round).sort((a, b) => (a < b ? -1 : 1));
  const old = rounds.filter((round) => round + MAX_KEPT_ROUNDS < newest).slice(0, MAX_REMOVED);
  for (const round of old) Drand.Pulses.remove(s, round);
  Drand.OldestStoredRound.put(s, rounds[old.length] ?? 0n);
}

function listensToDevBeacon(s: Reader): boolean {
  return Buffer.compare(Drand.BeaconConfig.get(s).public_key, DEV_BEACON.publicKey) === 0;
}

/** The chain tolerates a signature whose bytes begin with the letters 0x. */
function withoutHexMark(signature: Uint8Array): Uint8Array {
  return signature[0] === 0x30 && signature[1] === 0x78 ? signature.subarray(2) : signature;
}
