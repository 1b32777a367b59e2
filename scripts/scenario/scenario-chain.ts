import type { Account, RuntimeCall } from "../../localnet/runtime/dsl/context.ts";
import { System } from "../../localnet/runtime/pallets/system-storage.ts";
import { createPallets } from "../../localnet/runtime/pallets.ts";
import { declareRuntime } from "../../localnet/runtime/runtime-types.ts";
import { signExtrinsic } from "../../localnet/runtime/sign-extrinsic.ts";
import { storagePrefix } from "../../localnet/state/hashing.ts";
import type { Reader } from "../../localnet/state/store.ts";
import { bytesToHex, hexToBytes } from "../../localnet/types/hex.ts";
import { SubforgeError } from "../../shared/errors.ts";
import { Keypair } from "../../shared/keys/keypair.ts";
import type { BlockNumber, Hex } from "../../shared/types.ts";
import type { DevClient } from "../chain/dev-client.ts";

/** Pallets whose state a scenario looks at. */
const PALLETS = ["System", "Balances", "SubtensorModule"];

/** Calls are encoded by our own declarations: those of a scenario have had the same form since spec 293. */
const runtime = declareRuntime(createPallets({ slotMs: 12_000 }));

/** One node under a scenario: calls in, blocks made, state out, all of it over JSON-RPC. */
export type ScenarioChain = {
  specVersion: number;
  account(uri: string): Account;
  /**
   * Sign a call, make a block with it alone, and look for its effect: events have another form in each version of the
   * runtime, the state has not.
   *
   * @throws SubforgeError CHAIN_CALL_FAILED when the effect is not there
   */
  send(uri: string, call: RuntimeCall, hasEffect: (state: Reader) => boolean): Promise<void>;
  /** @returns the state after them, of the pallets a scenario looks at: read it with the storage declarations */
  newBlocks(count: number): Promise<Reader>;
  head(): Promise<BlockNumber>;
  /** Write past all rules, in a block of its own. */
  setStorage(entries: readonly (readonly [key: Hex, value: Uint8Array])[]): Promise<void>;
};

export async function openScenarioChain(node: DevClient): Promise<ScenarioChain> {
  const { specVersion } = (await node.ask("state_getRuntimeVersion")) as { specVersion: number };
  const genesisHash = (await node.ask("chain_getBlockHash", 0)) as Hex;
  const pairs = new Map<string, Keypair>();
  const pairOf = (uri: string) => {
    const pair = pairs.get(uri) ?? Keypair.fromUri(uri);
    pairs.set(uri, pair);
    return pair;
  };
  const account = (uri: string) => bytesToHex(pairOf(uri).publicKey);
  return {
    specVersion,
    account,
    async send(uri, call, hasEffect) {
      const nonce = (await node.ask("system_accountNextIndex", pairOf(uri).address)) as number;
      const bytes = signExtrinsic(pairOf(uri), runtime.types.call, call, { nonce, genesisHash, specVersion });
      await node.ask("author_submitExtrinsic", bytesToHex(bytes));
      await node.ask("dev_newBlock");
      const state = await readState(node);
      if (hasEffect(state)) return;
      throw new SubforgeError("CHAIN_CALL_FAILED", {
        call: `${call.type}.${call.value.type} of ${uri}`,
        error: "its effect is not in the state",
        docs: "",
        block: System.Number.get(state),
      });
    },
    async newBlocks(count) {
      await node.ask("dev_newBlock", { count });
      return readState(node);
    },
    async head() {
      const { number } = (await node.ask("chain_getHeader")) as { number: Hex };
      return Number(number);
    },
    async setStorage(entries) {
      await node.ask(
        "dev_setStorage",
        entries.map(([key, value]) => [key, bytesToHex(value)]),
      );
    },
  };
}

/** Key and value of everything below the prefixes. */
async function readState(node: DevClient): Promise<Reader> {
  const pairs = await Promise.all(
    PALLETS.map(async (pallet) => (await node.ask("state_getPairs", palletPrefix(pallet))) as [Hex, Hex][]),
  );
  const values = new Map(pairs.flat().map(([key, value]) => [key, hexToBytes(value)]));
  return {
    get: (key) => values.get(key),
    keys: (prefix) => [...values.keys()].filter((key) => key.startsWith(prefix)).sort(),
  };
}

/** A storage prefix is two hashes of 16 bytes: the pallet's, then the item's. */
function palletPrefix(pallet: string): Hex {
  return storagePrefix(pallet, "").slice(0, 34) as Hex;
}
