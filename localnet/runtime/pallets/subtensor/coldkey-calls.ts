import { AccountId, H256 } from "../../../types/substrate-types.ts";
import { call, weight } from "../../dsl/calls.ts";
import { ensureRoot, ensureSigned } from "../../dsl/context.ts";
import { fail } from "../../dsl/errors.ts";
import { events } from "./subtensor-events.ts";
import { errors } from "./subtensor-id.ts";
import { TaoBalance } from "./subtensor-types.ts";
import {
  announceSwap,
  chargeSwap,
  clearAnnouncement,
  disputeSwap,
  forgetSwap,
  swapAnnounced,
  swapColdkey,
} from "./swap-coldkey.ts";

/** How a coldkey is exchanged for another: announced, waited for, and disputed if need be. */
export const coldkeyCalls = {
  announce_coldkey_swap: call({
    index: 125,
    args: { new_coldkey_hash: H256 },
    weight: weight(447_248_000n, 4_159n),
    run(c, { new_coldkey_hash }) {
      announceSwap(c, ensureSigned(c.origin), new_coldkey_hash);
    },
  }),
  swap_coldkey_announced: call({
    index: 126,
    args: { new_coldkey: AccountId },
    weight: weight(2_713_156_000n, 13_000n),
    run(c, { new_coldkey }) {
      swapAnnounced(c, ensureSigned(c.origin), new_coldkey);
    },
  }),
  dispute_coldkey_swap: call({
    index: 127,
    args: {},
    weight: weight(173_293_000n, 4_130n),
    run(c) {
      disputeSwap(c, ensureSigned(c.origin));
    },
  }),
  clear_coldkey_swap_announcement: call({
    index: 133,
    args: {},
    weight: weight(167_890_000n),
    run(c) {
      clearAnnouncement(c, ensureSigned(c.origin));
    },
  }),
  reset_coldkey_swap: call({
    index: 128,
    args: { coldkey: AccountId },
    weight: weight(208_857_000n),
    run(c, { coldkey }) {
      ensureRoot(c.origin);
      forgetSwap(c.store, coldkey);
      c.deposit(events.make.ColdkeySwapReset({ who: coldkey }));
    },
  }),
  swap_coldkey: call({
    index: 71,
    args: { old_coldkey: AccountId, new_coldkey: AccountId, swap_cost: TaoBalance },
    weight: weight(3_137_301_000n, 13_056n),
    run(c, { old_coldkey, new_coldkey, swap_cost }) {
      ensureRoot(c.origin);
      if (swap_cost > 0n) chargeSwap(c, old_coldkey, swap_cost);
      swapColdkey(c, old_coldkey, new_coldkey);
      forgetSwap(c.store, old_coldkey);
    },
  }),
  schedule_swap_coldkey: call({
    index: 73,
    args: { new_coldkey: AccountId },
    weight: weight(125_000_000n),
    run: () => fail(errors.is.Deprecated),
  }),
};
