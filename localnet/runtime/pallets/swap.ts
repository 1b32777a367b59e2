import { record, wrapper } from "../../types/composites.ts";
import { U64F64 } from "../../types/fixed-point.ts";
import { U16, U64 } from "../../types/primitives.ts";
import { EVEN_WEIGHT } from "../consensus/pool.ts";
import { errorsOf } from "../dsl/errors.ts";
import { map, storageOf } from "../dsl/storage.ts";

export const swapId = { name: "Swap", index: 28 };

/** Parts of 10^18. */
const Perquintill = wrapper("sp_arithmetic::per_things::Perquintill", U64);
const Balancer = record("pallet_subtensor_swap::pallet::balancer::Balancer", { quote: Perquintill });

/** Weights and fees of the pools. Their reserves are stored with the subnets. */
export const Swap = storageOf(swapId, {
  FeeRate: map([["Twox64Concat", U16]], U16, 33),
  SwapBalancer: map([["Twox64Concat", U16]], Balancer, { quote: EVEN_WEIGHT }),
  /** Of an older chain: clients that ask for prices here would fail without it. */
  AlphaSqrtPrice: map([["Twox64Concat", U16]], U64F64, 0n),
});

export const swapErrors = errorsOf(swapId, {
  FeeRateTooHigh: 0,
  InsufficientInputAmount: 1,
  InsufficientLiquidity: 2,
  PriceLimitExceeded: 3,
  InsufficientBalance: 4,
  InvalidTickRange: 5,
  InvalidLiquidityValue: 6,
  ReservesTooLow: 7,
  MechanismDoesNotExist: 8,
  SubtokenDisabled: 9,
  ReservesOutOfBalance: 10,
  SwapInputTooLarge: 11,
  Deprecated: 12,
});
