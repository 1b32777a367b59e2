import { beforeAll, describe, expect, it } from "vitest";
import { keysReady } from "../../shared/keys/keypair.ts";
import type { RuntimeCall } from "../runtime/dsl/context.ts";
import { ProxyStorage } from "../runtime/pallets/proxy/proxy-storage.ts";
import { RpcError } from "./rpc-error.ts";
import { createTestChain, type TestChain } from "./test-chain.test-kit.ts";

/** The subnet that every chain begins with. */
const NETUID = 1;
const HASH = `0x${"11".repeat(32)}`;

beforeAll(keysReady);

describe("L2: takes, metrics and swaps that the pool refuses with the chain's own numbers", () => {
  const take = (name: string, hotkey: string, value: number) => (chain: TestChain) =>
    subtensor(name, { hotkey: chain.account(hotkey), take: value });
  const metrics = (change: object) => () =>
    subtensor("serve_prometheus", {
      netuid: NETUID,
      version: 1,
      ip: 1_000_000n,
      port: 1,
      ip_type: 4,
      ...change,
    });

  it.each([
    ["a take above the highest", 27, take("increase_take", "Hotkey", 11_797)],
    ["a take below the lowest", 26, take("decrease_take", "Hotkey", 99)],
    ["a take of a hotkey that nobody has", 4, take("decrease_take", "Nobody", 100)],
    ["a take of somebody else's hotkey", 25, take("decrease_take", "Foreign", 100)],
    ["metrics of an unknown kind of address", 255, metrics({ ip_type: 5 })],
    ["metrics at no address", 11, metrics({ ip: 0n })],
    ["metrics of a hotkey without a uid", 10, metrics({})],
  ])("%s: custom error %i", (_, code, callOf) => {
    const chain = createTestChain();
    for (const [owner, hotkey] of [
      ["Bob", "Hotkey"],
      ["Alice", "Foreign"],
    ] as const) {
      chain.run(owner, subtensor("try_associate_hotkey", { hotkey: chain.account(hotkey) }));
    }
    const lowest: RuntimeCall = {
      type: "AdminUtils",
      value: { type: "sudo_set_min_delegate_take", value: { take: 100 } },
    };
    chain.run("Alice", { type: "Sudo", value: { type: "sudo", value: { call: lowest } } });
    expect(refusal(chain, callOf(chain))).toEqual([1010, `Custom error: ${code}`]);
  });

  it("whatever a coldkey sends after it announced its swap: 0, and 21 once that is disputed", () => {
    const chain = createTestChain();
    const remark: RuntimeCall = {
      type: "System",
      value: { type: "remark", value: { remark: Uint8Array.of(1) } },
    };
    chain.run("Bob", subtensor("announce_coldkey_swap", { new_coldkey_hash: HASH }));
    expect(refusal(chain, remark)).toEqual([1010, "Custom error: 0"]);
    chain.run("Bob", subtensor("dispute_coldkey_swap", {}));
    expect(refusal(chain, remark)).toEqual([1010, "Custom error: 21"]);
  });
});

describe("what stakers see", () => {
  it("is each movement of money in the chain's order, and the stake last", () => {
    const chain = createTestChain();
    chain.run("Alice", subtensor("try_associate_hotkey", { hotkey: chain.account("Hotkey") }));
    chain.run("Alice", subtensor("start_call", { netuid: 0 }));
    const stake = { hotkey: chain.account("Hotkey"), netuid: 0, amount_staked: 10_000_000n };
    expect(chain.run("Alice", subtensor("add_stake", stake))).toEqual([
      "Balances.Withdraw", // the fee of the transaction
      "System.NewAccount",
      "Balances.Endowed",
      "Balances.Transfer",
      "Balances.Transfer", // nothing, to the author of the block: root takes no fee
      "SubtensorModule.StakeAdded",
      "Balances.Deposit",
      "TransactionPayment.TransactionFeePaid",
      "System.ExtrinsicSuccess",
    ]);
  });
});

describe("pure accounts", () => {
  it("made in one block by equal transactions are two, since each has its place in the block", () => {
    const chain = createTestChain();
    const create: RuntimeCall = {
      type: "Proxy",
      value: { type: "create_pure", value: { proxy_type: { type: "Any" }, delay: 0, index: 0 } },
    };
    const nonce = chain.nonce("Bob");
    chain.node.submit(chain.sign("Bob", create, { nonce }));
    chain.node.submit(chain.sign("Bob", create, { nonce: nonce + 1 }));
    chain.node.newBlock();
    expect(chain.events().filter((name) => name === "Proxy.PureCreated")).toHaveLength(2);
    const pure = chain.node.query(undefined, (_, store) => [...ProxyStorage.Proxies.entries(store)]);
    expect(pure).toHaveLength(2);
  });
});

function subtensor(type: string, value: Record<string, unknown>): RuntimeCall {
  return { type: "SubtensorModule", value: { type, value } };
}

function refusal(chain: TestChain, call: RuntimeCall): unknown[] {
  try {
    chain.node.submit(chain.sign("Bob", call));
  } catch (error) {
    if (error instanceof RpcError) return [error.code, error.data];
    throw error;
  }
  return [];
}
