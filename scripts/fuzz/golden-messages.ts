import { DEV_ACCOUNTS } from "../../localnet/node/dev-accounts.ts";
import type { RuntimeCall } from "../../localnet/runtime/dsl/context.ts";
import { createPallets } from "../../localnet/runtime/pallets.ts";
import { declareRuntime } from "../../localnet/runtime/runtime-types.ts";
import { signExtrinsic } from "../../localnet/runtime/sign-extrinsic.ts";
import { bytesToHex } from "../../localnet/types/hex.ts";
import { Keypair } from "../../shared/keys/keypair.ts";
import type { Hex } from "../../shared/types.ts";

export type Message = { jsonrpc: "2.0"; id: number; method: string; params: unknown[] };

/** These do what they say: without answers, or with a block every millisecond, nothing else could be tested. */
const LEFT_OUT = new Set(["dev_setFault", "dev_setIntervalMining"]);

/** Valid calls of every kind of argument, signed in turn by one key: each one follows on the last. */
export function goldenExtrinsics(genesisHash: Hex): Hex[] {
  const callType = declareRuntime(createPallets({ slotMs: 12_000 })).types.call;
  const pair = Keypair.fromUri("//Bob");
  const alice = DEV_ACCOUNTS[0]!.account;
  const subtensor = "SubtensorModule";
  const calls: RuntimeCall[] = [
    callOf("Balances", "transfer_keep_alive", { dest: { type: "Id", value: alice }, value: 1n }),
    callOf("System", "remark", { remark: new Uint8Array(64) }),
    callOf(subtensor, "register_network", { hotkey: alice }),
    callOf(subtensor, "burned_register", { netuid: 1, hotkey: alice }),
    callOf(subtensor, "set_weights", { netuid: 1, dests: [0, 1], weights: [1, 2], version_key: 0n }),
    callOf(subtensor, "add_stake", { hotkey: alice, netuid: 1, amount_staked: 10n ** 9n }),
    callOf(subtensor, "serve_axon", {
      ...{ netuid: 1, version: 1, ip: 2_130_706_433n, port: 8091, ip_type: 4, protocol: 4 },
      ...{ placeholder1: 0, placeholder2: 0 },
    }),
  ];
  const all = [...calls, callOf("Utility", "batch_all", { calls })];
  return all.map((call, nonce) => bytesToHex(signExtrinsic(pair, callType, call, { nonce, genesisHash })));
}

/** A request of every method the node serves, valid as far as we know its parameters. */
export function goldenMessages(
  methods: readonly string[],
  genesisHash: Hex,
  extrinsics: readonly Hex[],
): Message[] {
  const system = "0x26aa394eea5630e07c48ae0c9558cef7";
  const accountKey = `${system}b99d880ec681799c0cf30e8886371da9`;
  const [alice] = DEV_ACCOUNTS;
  const params: Record<string, unknown[][]> = {
    chain_getBlock: [[genesisHash], []],
    chain_getBlockHash: [[0], [[0, 1]], []],
    chain_getHeader: [[genesisHash]],
    state_getStorage: [[`${system}02a5c1b19ab7a04f536c519aca4983ac`, genesisHash]],
    state_getKeys: [[accountKey]],
    state_getKeysPaged: [[accountKey, 10, accountKey, genesisHash]],
    state_getPairs: [[accountKey]],
    state_queryStorageAt: [[[accountKey], genesisHash]],
    state_queryStorage: [[[accountKey], genesisHash]],
    state_subscribeStorage: [[[accountKey]], []],
    state_call: [
      ["SubnetInfoRuntimeApi_get_metagraph", "0x0100"],
      ["AccountNonceApi_account_nonce", alice!.account, genesisHash],
      ["Metadata_metadata_at_version", "0x0f000000"],
      ...extrinsics.map((hex) => [
        "TaggedTransactionQueue_validate_transaction",
        `0x02${hex.slice(2)}${"00".repeat(32)}`,
      ]),
      ...extrinsics.map((hex) => ["TransactionPaymentApi_query_info", `${hex}00010000`]),
    ],
    system_accountNextIndex: [["5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"]],
    author_submitExtrinsic: extrinsics.map((extrinsic) => [extrinsic]),
    author_submitAndWatchExtrinsic: extrinsics.map((extrinsic) => [extrinsic]),
    author_hasKey: [["0x00", "aura"]],
    payment_queryInfo: extrinsics.map((extrinsic) => [extrinsic, genesisHash]),
    payment_queryFeeDetails: extrinsics.map((extrinsic) => [extrinsic]),
    dev_newBlock: [[{ count: 1 }], [{ to: 1 }]],
    dev_setBlockBuildMode: [["Manual"]],
    dev_timeTravel: [[1_900_000_000_000]],
    dev_revert: [[genesisHash]],
    dev_setHead: [[genesisHash]],
    dev_setStorage: [[[["0x1234", "0x01"]]]],
    dev_setBalance: [[alice!.account, "1000000000"]],
    dev_loadState: [["0x00"]],
  };
  return methods
    .filter((method) => !LEFT_OUT.has(method))
    .flatMap((method) =>
      (params[method] ?? [[]]).map((of, i) => ({ jsonrpc: "2.0" as const, id: i, method, params: of })),
    );
}

function callOf(pallet: string, name: string, args: Record<string, unknown>): RuntimeCall {
  return { type: pallet, value: { type: name, value: args } };
}
