import { beforeAll, describe, expect, it } from "vitest";
import { commitHash } from "../../shared/chain/timelock/commit-hash.ts";
import { Keypair, keysReady } from "../../shared/keys/keypair.ts";
import type { RuntimeCall } from "../runtime/dsl/context.ts";
import { Drand } from "../runtime/pallets/drand/drand-storage.ts";
import { TimelockedCommit } from "../runtime/pallets/subtensor/commit-storage.ts";
import { Bytes } from "../types/primitives.ts";
import { devStateMethods } from "./rpc/dev-state.ts";
import type { RpcContext } from "./rpc/rpc.ts";
import { RpcError } from "./rpc-error.ts";
import { createTestChain, type TestChain } from "./test-chain.test-kit.ts";

/** The subnet that every chain begins with. */
const NETUID = 1;
const WEIGHTS = { uids: [0], values: [65_535] };
/** What drand quicknet published at round 1000. */
const SIGNATURE =
  "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39";

beforeAll(keysReady);

describe("L2: commits and reveals that the pool refuses with the chain's own numbers", () => {
  it.each([
    ["a round that is over", 15, () => timelocked(1n)],
    ["a reveal of what was never committed", 16, () => reveal([7])],
    ["a reveal before its epoch", 17, () => reveal([1])],
    ["a batch with columns of unequal length", 18, () => batch()],
    ["a stake under the threshold", 1, () => commit(2)],
    ["a commit before the rate limit is over", 6, () => commit(3)],
  ])("%s: custom error %i", (_, code, callOf) => {
    const chain = committed();
    const call = callOf(); // keys are ready only now
    if (code === 1) set(chain, "sudo_set_stake_threshold", { min_stake: 10n ** 15n });
    expect(refusal(chain, call)).toEqual([1010, `Custom error: ${code}`]);
  });

  it("a commit longer than the chain stores cannot be decoded", () => {
    expect(TimelockedCommit.decode(Bytes.encode(new Uint8Array(5_000)))).toHaveLength(5_000);
    expect(() => TimelockedCommit.decode(Bytes.encode(new Uint8Array(5_001)))).toThrow(RangeError);
  });
});

describe("a pulse from outside", () => {
  it("is stored when it is drand's, and refused when it is not", () => {
    const { node } = createTestChain();
    const add = (...params: unknown[]) => devStateMethods.dev_addDrandPulse!(params, { node } as RpcContext);
    add(1_000, `0x${SIGNATURE}`);
    const stored = node.query(undefined, (_, store) => Drand.Pulses.get(store, 1_000n));
    expect(Buffer.from(stored!.signature).toString("hex")).toBe(SIGNATURE);
    expect(Buffer.from(stored!.randomness).toString("hex")).toMatch(/^fe290beca108/);
    expect(() => add(1_001, `0x${SIGNATURE}`)).toThrow(RpcError);
    expect(() => add(1_000, "0x00")).toThrow(RpcError);
  });
});

/** A chain on which Bob is registered and has committed the hash of `reveal([1])`, and whose beacon has begun. */
function committed(): TestChain {
  const chain = createTestChain();
  chain.run("Bob", subtensor("burned_register", { netuid: NETUID, hotkey: chain.account("Bob") }));
  set(chain, "sudo_set_weights_set_rate_limit", { netuid: NETUID, weights_set_rate_limit: 0n });
  chain.run("Bob", commit(1));
  set(chain, "sudo_set_weights_set_rate_limit", { netuid: NETUID, weights_set_rate_limit: 50n });
  return chain;
}

function set(chain: TestChain, name: string, value: Record<string, unknown>): void {
  const call = { type: "AdminUtils", value: { type: name, value } };
  chain.run("Alice", { type: "Sudo", value: { type: "sudo", value: { call } } });
}

function subtensor(type: string, value: Record<string, unknown>): RuntimeCall {
  return { type: "SubtensorModule", value: { type, value } };
}

function commit(salt: number): RuntimeCall {
  const key = Keypair.fromUri("//Bob").publicKey;
  const hash = commitHash(key, NETUID, WEIGHTS, [salt], 0n);
  return subtensor("commit_weights", { netuid: NETUID, commit_hash: hash });
}

function reveal(salt: number[]): RuntimeCall {
  return subtensor("reveal_weights", { netuid: NETUID, ...WEIGHTS, salt, version_key: 0n });
}

function timelocked(reveal_round: bigint): RuntimeCall {
  const commit = new Uint8Array(300);
  const args = { netuid: NETUID, commit, reveal_round, commit_reveal_version: 4 };
  return subtensor("commit_timelocked_weights", args);
}

function batch(): RuntimeCall {
  return subtensor("batch_commit_weights", { netuids: [NETUID], commit_hashes: [] });
}

function refusal(chain: TestChain, call: RuntimeCall): [number, string | undefined] {
  try {
    chain.node.submit(chain.sign("Bob", call));
  } catch (error) {
    if (error instanceof RpcError) return [error.code, error.data];
    throw error;
  }
  throw new Error("it was accepted");
}
