import type { Codec } from "@polkadot/types/types";
import type { BlockNumber, Hex, Hotkey, Netuid, Uid } from "../types.ts";
import { hasCall } from "./build-call.ts";
import type { CommitRevealRules, OpenCommit } from "./commit-reveal.ts";
import { type Entry, readStorage, toNumber } from "./read-storage.ts";
import type { StateView } from "./read-subnet.ts";
import type { Beacon } from "./timelock/beacon.ts";
import { storageIndexOf } from "./timelock/commit-hash.ts";

/** As stored: hash, epoch and block of the commit, and a number without meaning. */
type HashEntry = [hash: Hex, epoch: number, block: number, unused: number];
/** As stored: who, block of the commit, the ciphertext, and the round that opens it. */
type TimelockEntry = [who: Hotkey, block: number, commit: Hex, round: number];

/** @throws SubforgeError CHAIN_CALL_UNKNOWN for storage the runtime does not have */
export async function readCommitReveal(view: StateView, netuid: Netuid): Promise<CommitRevealRules> {
  const entries = {
    revealPeriod: ["revealPeriodEpochs", netuid],
    pendingEpochAt: ["pendingEpochAt", netuid],
    blocksSinceLastStep: ["blocksSinceLastStep", netuid],
    version: ["commitRevealWeightsVersion"],
    now: ["timestamp.now"],
  } as const;
  const beaconEntries = { config: ["drand.beaconConfig"], lastRound: ["drand.lastStoredRound"] } as const;
  const hasBeacon = view.at.query.drand?.beaconConfig !== undefined;
  const wanted = hasBeacon ? { ...entries, ...beaconEntries } : entries;
  const stored: Record<keyof typeof entries, Codec> & Partial<Record<keyof typeof beaconEntries, Codec>> =
    await readStorage(view, wanted as Record<keyof typeof entries, Entry>);
  return {
    revealPeriodEpochs: toNumber(stored.revealPeriod),
    pendingEpochAt: toNumber(stored.pendingEpochAt),
    blocksSinceLastStep: toNumber(stored.blocksSinceLastStep),
    timeMs: toNumber(stored.now),
    slotMs: slotOf(view),
    timelockVersion: hasCall(view.runtime.api, "commitTimelockedWeights")
      ? toNumber(stored.version)
      : undefined,
    beacon: stored.config && toBeacon(stored.config.toJSON() as StoredBeacon),
    lastStoredRound: stored.lastRound ? toNumber(stored.lastRound) : 0,
  };
}

/** Block of the last weights or commit, from storage: the metagraph tells it of the main mechanism alone. */
export async function readLastUpdate(
  view: StateView,
  netuid: Netuid,
  uid: Uid,
  mechanism: number,
): Promise<BlockNumber> {
  const { blocks } = await readStorage(view, { blocks: ["lastUpdate", storageIndexOf(netuid, mechanism)] });
  return (blocks.toJSON() as number[])[uid] ?? 0;
}

/** What a hotkey committed and the chain has not opened, oldest first. */
export async function readOpenCommits(
  { at, ask }: StateView,
  netuid: Netuid,
  hotkey: Hotkey,
  mechanism: number,
): Promise<OpenCommit[]> {
  const index = storageIndexOf(netuid, mechanism);
  const { weightCommits, timelockedWeightCommits } = at.query.subtensorModule ?? {};
  const hashes = weightCommits && (await ask("commits", () => weightCommits(index, hotkey)));
  const epochs =
    timelockedWeightCommits && (await ask("commits", () => timelockedWeightCommits.entries(index)));
  const byHash = ((hashes?.toJSON() ?? []) as HashEntry[]).map(
    ([hash, epoch, block]): OpenCommit => ({ method: "hash", epoch, block, hash }),
  );
  const timelocked = (epochs ?? []).flatMap(([key, entries]) => {
    const epoch = Number(key.args[1]);
    const own = (entries.toJSON() as TimelockEntry[]).filter(([who]) => who === hotkey);
    return own.map(([, block]): OpenCommit => ({ method: "timelock", epoch, block, hash: undefined }));
  });
  return [...byHash, ...timelocked].sort((a, b) => a.block - b.block);
}

type StoredBeacon = { publicKey: Hex; period: number; genesisTime: number };

/** @returns undefined for one that never publishes anything */
function toBeacon({ publicKey, period, genesisTime }: StoredBeacon): Beacon | undefined {
  if (period < 1) return undefined;
  return {
    publicKey: Uint8Array.from(Buffer.from(publicKey.slice(2), "hex")),
    genesisSeconds: genesisTime,
    periodSeconds: period,
  };
}

/** As the runtime says it: its slot, or twice the least time between two blocks. */
function slotOf({ at }: StateView): number {
  const { aura, timestamp } = at.consts;
  const slot = Number(aura?.slotDuration?.toString() ?? 0);
  return slot > 0 ? slot : 2 * Number(timestamp?.minimumPeriod?.toString() ?? 0);
}
