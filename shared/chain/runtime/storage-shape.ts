import { Metadata, TypeRegistry } from "@polkadot/types";
import { SubforgeError } from "../../errors.ts";
import { shapeOf } from "../scale/type-shape.ts";
import { createTypeTable, type Lookup } from "../scale/type-table.ts";

/*
 * Every storage item this project reads: hashers, key and value as they look in bytes. A value that is decoded by the
 * live metadata, whatever it looks like, is not compared ("*"). Source: finney, spec version 424.
 */
const KNOWN_STORAGE: Record<string, { shape: string; optional?: true }> = {
  "System.Account": {
    shape:
      "Blake2_128Concat [u8; 32] -> {nonce: u32, consumers: u32, providers: u32, sufficients: u32, data: {free: u64, reserved: u64, frozen: u64, flags: u128}}",
  },
  "System.Events": { shape: "*" },
  "Timestamp.Now": { shape: "u64" },
  "SubtensorModule.NetworksAdded": { shape: "Identity u16 -> bool" },
  "SubtensorModule.Tempo": { shape: "Identity u16 -> u16" },
  "SubtensorModule.LastEpochBlock": { shape: "Identity u16 -> u64" },
  "SubtensorModule.SubnetEpochIndex": { shape: "Identity u16 -> u64" },
  "SubtensorModule.PendingEpochAt": { shape: "Identity u16 -> u64" },
  "SubtensorModule.BlocksSinceLastStep": { shape: "Identity u16 -> u64" },
  "SubtensorModule.WeightsSetRateLimit": { shape: "Identity u16 -> u64" },
  "SubtensorModule.MinAllowedWeights": { shape: "Identity u16 -> u16" },
  "SubtensorModule.MaxWeightsLimit": { shape: "Identity u16 -> u16" },
  "SubtensorModule.WeightsVersionKey": { shape: "Identity u16 -> u64" },
  "SubtensorModule.CommitRevealWeightsEnabled": { shape: "Identity u16 -> bool" },
  "SubtensorModule.CommitRevealWeightsVersion": { shape: "u16" },
  "SubtensorModule.RevealPeriodEpochs": { shape: "Twox64Concat u16 -> u64" },
  "SubtensorModule.StakeThreshold": { shape: "u64" },
  "SubtensorModule.Weights": { shape: "Identity,Identity (u16, u16) -> [(u16, u16)]" },
  "SubtensorModule.LastUpdate": { shape: "Identity u16 -> [u64]" },
  "SubtensorModule.WeightCommits": {
    shape: "Twox64Concat,Twox64Concat (u16, [u8; 32]) -> [([u8; 32], u64, u64, u64)]",
  },
  "SubtensorModule.TimelockedWeightCommits": {
    shape: "Twox64Concat,Twox64Concat (u16, u64) -> [([u8; 32], u64, [u8], u64)]",
  },
  "SubtensorModule.SubnetOwner": { shape: "Identity u16 -> [u8; 32]" },
  "SubtensorModule.SubnetOwnerHotkey": { shape: "Identity u16 -> [u8; 32]" },
  "SubtensorModule.SubnetworkN": { shape: "Identity u16 -> u16" },
  "SubtensorModule.NetworkRegisteredAt": { shape: "Identity u16 -> u64" },
  "SubtensorModule.FirstEmissionBlockNumber": { shape: "Identity u16 -> u64" },
  "SubtensorModule.StartCallDelay": { shape: "u64" },
  "SubtensorModule.Burn": { shape: "Identity u16 -> u64" },
  "SubtensorModule.MechanismCountCurrent": { shape: "Twox64Concat u16 -> u8" },
  "Commitments.CommitmentOf": { shape: "Identity,Twox64Concat (u16, [u8; 32]) -> *" },
  "Drand.BeaconConfig": { shape: "*", optional: true },
  "Drand.LastStoredRound": { shape: "u64", optional: true },
};

/** What is read of a pallet, in the newest form that @polkadot/types makes of all of them. */
type Pallets = Iterable<{
  name: { toString(): string };
  storage: { isSome: boolean; unwrap(): { items: Iterable<StorageItem> } };
}>;
type StorageItem = {
  name: { toString(): string };
  type: {
    isPlain: boolean;
    asPlain: { toNumber(): number };
    asMap: {
      hashers: Iterable<{ type: string }>;
      key: { toNumber(): number };
      value: { toNumber(): number };
    };
  };
};

/**
 * Compare every storage item we read with what metadata declares.
 *
 * @param bytes - Metadata V14, V15 or V16, beginning with `meta`.
 * @returns nothing when all of it can be read.
 * @throws SubforgeError CHAIN_BAD_ANSWER
 */
export function findStorageProblems(bytes: Uint8Array): { what: string; problem: string }[] {
  const actual = storageShapes(bytes);
  return Object.entries(KNOWN_STORAGE).flatMap(([what, { shape, optional }]) => {
    const found = actual.get(what);
    if (found === undefined) return optional ? [] : [{ what, problem: "there is no such storage" }];
    const [known, value] = shape.split(" -> ");
    const agrees = value === "*" ? found.startsWith(`${known} -> `) : shape === "*" || shape === found;
    return agrees ? [] : [{ what, problem: `it is ${found}, we know ${shape}` }];
  });
}

/** @returns `SubtensorModule.Tempo` to `Identity u16 -> u16`. */
function storageShapes(bytes: Uint8Array): Map<string, string> {
  const registry = new TypeRegistry();
  try {
    const metadata = new Metadata(registry, `0x${Buffer.from(bytes).toString("hex")}`);
    registry.setMetadata(metadata, undefined, undefined, true);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new SubforgeError("CHAIN_BAD_ANSWER", { what: "the metadata", problem }, { cause: error });
  }
  const table = createTypeTable(registry.lookup as unknown as Lookup);
  const shapes = new Map<string, string>();
  for (const pallet of (registry.metadata as unknown as { pallets: Pallets }).pallets) {
    if (!pallet.storage.isSome) continue;
    for (const { name, type } of pallet.storage.unwrap().items) {
      const path = `${pallet.name}.${name}`;
      if (path in KNOWN_STORAGE) shapes.set(path, shapeOfItem(type));
    }
  }
  return shapes;

  function shapeOfItem(type: StorageItem["type"]): string {
    if (type.isPlain) return shapeOf(table, type.asPlain.toNumber());
    const { hashers, key, value } = type.asMap;
    const hashed = [...hashers].map((hasher) => hasher.type).join();
    return `${hashed} ${shapeOf(table, key.toNumber())} -> ${shapeOf(table, value.toNumber())}`;
  }
}

/** Names of all items above, for whoever wants to see that none is forgotten. */
export const STORAGE_WE_READ: readonly string[] = Object.keys(KNOWN_STORAGE);
