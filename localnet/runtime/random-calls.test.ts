import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { State } from "../state/state.ts";
import { BareChain } from "./bare-chain.ts";
import type { Account } from "./dsl/context.ts";
import { createPallets } from "./pallets.ts";
import { randomCall, seededRng } from "./random-call.test-kit.ts";
import { declareRuntime } from "./runtime-types.ts";

const CALLS = 1_000;
/** Of them are made a second time. */
const REPEATED = 100;
const SLOT_MS = 250;
const ACCOUNTS = Array.from(
  { length: 6 },
  (_, i): Account =>
    `0x${String(i + 1)
      .repeat(2)
      .padStart(2, "0")
      .repeat(32)}`,
);

const { pallets, types } = declareRuntime(createPallets({ slotMs: SLOT_MS }));

function createChain(): BareChain {
  const chain = new BareChain({
    balances: ACCOUNTS.map((account) => ({ account, rao: 10n ** 15n })),
    sudo: ACCOUNTS[0]!,
    slotMs: SLOT_MS,
  });
  chain.call(ACCOUNTS[1]!, "SubtensorModule", "register_network", { hotkey: ACCOUNTS[2]! });
  chain.call(ACCOUNTS[1]!, "SubtensorModule", "start_call", { netuid: 2 });
  return chain;
}

/** Random calls of random accounts, each in a block of its own. @returns how many succeeded */
function disturb(chain: BareChain, seed: number, calls: number): number {
  const rng = seededRng(seed);
  let succeeded = 0;
  for (let made = 0; made < calls; ) {
    const call = encodable(randomCall(pallets, ACCOUNTS, rng));
    if (call === undefined) continue;
    const { type, value } = call;
    const args = value.value as Record<string, unknown>;
    const who = ACCOUNTS[rng(ACCOUNTS.length)]!;
    const outcome =
      rng(10) === 0 ? chain.root(type, value.type, args) : chain.call(who, type, value.type, args);
    made++;
    if (outcome.ok) succeeded++;
  }
  return succeeded;
}

/** The call as it comes out of a transaction; undefined for values that no transaction can carry. */
function encodable(call: ReturnType<typeof randomCall>): ReturnType<typeof randomCall> | undefined {
  try {
    return types.call.decode(types.call.encode(call));
  } catch {
    return undefined;
  }
}

function hashOf(state: State): string {
  return createHash("sha256").update(state.lastRoot).update(state.dump()).digest("hex");
}

describe("a snapshot", () => {
  it("L3: is the same state after 1,000 random calls and a revert, and the same calls lead to the same state", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const chain = createChain();
        const [block, before] = [chain.block, hashOf(chain.state)];
        disturb(chain, seed, REPEATED);
        const after = hashOf(chain.state);
        chain.state.revertTo(block);
        const succeeded = disturb(chain, seed, CALLS);
        expect(chain.block).toBe(block + CALLS);
        expect(succeeded).toBeGreaterThan(CALLS / 50);
        chain.state.revertTo(block + REPEATED);
        expect(hashOf(chain.state), "the same calls").toBe(after);
        chain.state.revertTo(block);
        expect(hashOf(chain.state), "the snapshot").toBe(before);
      }),
      { numRuns: 1 },
    );
  });
});
