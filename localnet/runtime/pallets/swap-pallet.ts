import { variant, wrapper } from "../../types/composites.ts";
import { U16, U64 } from "../../types/primitives.ts";
import { named } from "../../types/type-node.ts";
import { MIN_RESERVE } from "../consensus/pool.ts";
import { call, weight } from "../dsl/calls.ts";
import { ensureRoot } from "../dsl/context.ts";
import { ensure } from "../dsl/errors.ts";
import { eventsOf } from "../dsl/events.ts";
import { constant, type Pallet } from "../dsl/pallet.ts";
import { subnetExists } from "./subtensor/subnets.ts";
import { NetUid } from "./subtensor/subtensor-types.ts";
import { Swap, swapErrors, swapId } from "./swap.ts";

/** Highest fee of a swap, of 65535. */
const MAX_FEE_RATE = 10_000;

const NonZeroU64 = wrapper("NonZeroU64", named("", U64));
const events = eventsOf(swapId, { FeeRateSet: variant(0, { netuid: NetUid, rate: U16 }) });

/** What clients see of the pools, and their fees, which root sets. */
export const swapPallet: Pallet = {
  ...swapId,
  path: "pallet_subtensor_swap::pallet::pallet",
  storage: Swap,
  errors: swapErrors,
  events,
  constants: {
    MaxFeeRate: constant(U16, MAX_FEE_RATE),
    MinimumLiquidity: constant(U64, 1_000n),
    MinimumReserve: constant(named("NonZeroU64", NonZeroU64), MIN_RESERVE),
  },
  calls: {
    set_fee_rate: call({
      index: 0,
      args: { netuid: NetUid, rate: U16 },
      weight: weight(140_063_000n, 3_994n),
      run(c, { netuid, rate }) {
        ensureRoot(c.origin);
        ensure(subnetExists(c.store, netuid), swapErrors.is.MechanismDoesNotExist);
        ensure(rate <= MAX_FEE_RATE, swapErrors.is.FeeRateTooHigh);
        Swap.FeeRate.put(c.store, netuid, rate);
        c.deposit(events.make.FeeRateSet({ netuid, rate }));
      },
    }),
  },
};
