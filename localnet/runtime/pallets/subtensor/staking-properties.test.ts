import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import type { BareChain } from "../../bare-chain.ts";
import type { Account } from "../../dsl/context.ts";
import { freeBalance } from "../accounts.ts";
import { Balances } from "../balances.ts";
import { System } from "../system-storage.ts";
import { hotkeyStake, stakeOf } from "./stake.ts";
import { Stakes } from "./stake-storage.ts";
import { subnetAccount } from "./subnets.ts";
import {
  COLDKEY,
  createTestChain,
  HOTKEY,
  OTHER,
  OTHER_HOTKEY,
  OWNER,
  OWNER_HOTKEY,
  ok,
  openSubnet,
  SUBTENSOR,
  TAO,
} from "./test-subnet.test-kit.ts";

const FIRST = 2;
const SECOND = 3;

let chain: BareChain;

beforeEach(() => {
  chain = createTestChain();
  openSubnet(chain, FIRST);
  openSubnet(chain, SECOND);
  ok(chain.call(OWNER, SUBTENSOR, "start_call", { netuid: 0 }));
  ok(chain.call(COLDKEY, SUBTENSOR, "try_associate_hotkey", { hotkey: HOTKEY }));
  ok(chain.call(OTHER, SUBTENSOR, "try_associate_hotkey", { hotkey: OTHER_HOTKEY }));
});

describe("the sum of all money", () => {
  const holders: Account[] = [OWNER, COLDKEY, OTHER];
  const hotkeys: Account[] = [OWNER_HOTKEY, HOTKEY, OTHER_HOTKEY];
  const netuid = fc.constantFrom(0, FIRST, SECOND);
  const hotkey = fc.constantFrom(...hotkeys);
  const amount = fc.bigInt({ min: 0n, max: 300n * TAO });
  const allow_partial = fc.boolean();
  const limit_price = fc.bigInt({ min: 0n, max: 3n * TAO });
  const step = fc.oneof(
    fc.record({ name: fc.constant("add_stake"), hotkey, netuid, amount_staked: amount }),
    fc.record({
      name: fc.constant("add_stake_limit"),
      hotkey,
      netuid,
      amount_staked: amount,
      limit_price,
      allow_partial,
    }),
    fc.record({ name: fc.constant("remove_stake"), hotkey, netuid, amount_unstaked: amount }),
    fc.record({
      name: fc.constant("remove_stake_limit"),
      hotkey,
      netuid,
      amount_unstaked: amount,
      limit_price,
      allow_partial,
    }),
    fc.record({ name: fc.constant("unstake_all_alpha"), hotkey }),
    fc.record({
      name: fc.constant("move_stake"),
      origin_hotkey: hotkey,
      destination_hotkey: hotkey,
      origin_netuid: netuid,
      destination_netuid: netuid,
      alpha_amount: amount,
    }),
    fc.record({
      name: fc.constant("transfer_stake"),
      destination_coldkey: fc.constantFrom(...holders),
      hotkey,
      origin_netuid: netuid,
      destination_netuid: netuid,
      alpha_amount: amount,
    }),
    fc.record({
      name: fc.constant("swap_stake_limit"),
      hotkey,
      origin_netuid: netuid,
      destination_netuid: netuid,
      alpha_amount: amount,
      limit_price,
      allow_partial,
    }),
    fc.record({ name: fc.constant("recycle_alpha"), hotkey, amount, netuid }),
  );

  it("is conserved whatever stakers do: TAO to the rao, alpha never above what was issued", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(...holders), step), { minLength: 5, maxLength: 15 }),
        (steps) => {
          for (const [who, { name, ...args }] of steps) chain.call(who, SUBTENSOR, name, args);
          const { state } = chain;
          const balances = [...System.Account.entries(state)].reduce(
            (sum, [, { data }]) => sum + data.free,
            0n,
          );
          expect(balances).toBe(Balances.TotalIssuance.get(state));
          for (const at of [FIRST, SECOND]) {
            expect(freeBalance(state, subnetAccount(at))).toBeGreaterThanOrEqual(
              Stakes.SubnetTAO.get(state, at),
            );
            const staked = hotkeys.reduce((sum, key) => sum + hotkeyStake(state, key, at), 0n);
            expect(staked).toBeLessThanOrEqual(Stakes.SubnetAlphaOut.get(state, at));
          }
          for (const key of hotkeys) {
            for (const at of [0, FIRST, SECOND]) {
              const parts = holders.reduce((sum, who) => sum + stakeOf(state, key, who, at), 0n);
              expect(parts).toBeLessThanOrEqual(hotkeyStake(state, key, at));
            }
          }
        },
      ),
      { numRuns: 25 },
    );
  });
});
