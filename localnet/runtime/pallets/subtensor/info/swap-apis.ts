import type { Netuid, Rao } from "../../../../../shared/types.ts";
import type { Reader } from "../../../../state/store.ts";
import { record, vec } from "../../../../types/composites.ts";
import { U64 } from "../../../../types/primitives.ts";
import type { ValueOf } from "../../../../types/type-node.ts";
import { subU64, U64F64 } from "../../../consensus/fixed.ts";
import { apiMethod, type RuntimeApi } from "../../../dsl/pallet.ts";
import { spotPrice, subnetExists, subnetIds } from "../subnets.ts";
import { AlphaBalance, NetUid, TaoBalance } from "../subtensor-types.ts";
import { simulateSwap } from "../swaps.ts";

/** Prices in answers are rao per alpha. */
const RAO_PER_TAO = 1_000_000_000n;

const SubnetPrice = record("pallet_subtensor_swap_runtime_api::SubnetPrice", { netuid: NetUid, price: U64 });

/** Amounts without the fee; slippage is what the swap gives less than the price of before would. */
const SimSwapResult = record("pallet_subtensor_swap_runtime_api::SimSwapResult", {
  tao_amount: TaoBalance,
  alpha_amount: AlphaBalance,
  tao_fee: TaoBalance,
  alpha_fee: AlphaBalance,
  tao_slippage: TaoBalance,
  alpha_slippage: AlphaBalance,
});
type SimSwapResult = ValueOf<typeof SimSwapResult>;

/** A swap that is not possible is answered with this. */
const NOTHING: SimSwapResult = {
  tao_amount: 0n,
  alpha_amount: 0n,
  tao_fee: 0n,
  alpha_fee: 0n,
  tao_slippage: 0n,
  alpha_slippage: 0n,
};

/** What alpha costs, and what a swap would give. */
export const swapApi: RuntimeApi = {
  version: 1,
  methods: {
    current_alpha_price: apiMethod({
      inputs: { netuid: NetUid },
      output: U64,
      run: ({ store: s }, { netuid }) => alphaPrice(s, netuid),
    }),
    current_alpha_price_all: apiMethod({
      inputs: {},
      output: vec(SubnetPrice),
      run: ({ store: s }) => subnetIds(s).map((netuid) => ({ netuid, price: alphaPrice(s, netuid) })),
    }),
    sim_swap_tao_for_alpha: apiMethod({
      inputs: { netuid: NetUid, tao: TaoBalance },
      output: SimSwapResult,
      run: ({ store: s }, { netuid, tao }) => simulateBuy(s, netuid, tao),
    }),
    sim_swap_alpha_for_tao: apiMethod({
      inputs: { netuid: NetUid, alpha: AlphaBalance },
      output: SimSwapResult,
      run: ({ store: s }, { netuid, alpha }) => simulateSale(s, netuid, alpha),
    }),
  },
};

function alphaPrice(s: Reader, netuid: Netuid): bigint {
  const price = subnetExists(s, netuid) ? spotPrice(s, netuid) : U64F64.one;
  return U64F64.toUnsigned(U64F64.mul(price, U64F64.fromInteger(RAO_PER_TAO)), 64);
}

function simulateBuy(s: Reader, netuid: Netuid, tao: Rao): SimSwapResult {
  const result = simulate(s, netuid, "buy", tao);
  if (result === undefined) return NOTHING;
  const atSpot = U64F64.toUnsigned(U64F64.safeDiv(U64F64.fromInteger(tao), spotPrice(s, netuid)), 64);
  return {
    ...NOTHING,
    tao_amount: result.input,
    alpha_amount: result.output,
    tao_fee: result.fee,
    alpha_slippage: subU64(atSpot, result.output),
  };
}

function simulateSale(s: Reader, netuid: Netuid, alpha: Rao): SimSwapResult {
  const result = simulate(s, netuid, "sell", alpha);
  if (result === undefined) return NOTHING;
  const atSpot = U64F64.toUnsigned(U64F64.mul(U64F64.fromInteger(alpha), spotPrice(s, netuid)), 64);
  return {
    ...NOTHING,
    tao_amount: result.output,
    alpha_amount: result.input,
    alpha_fee: result.fee,
    tao_slippage: subU64(atSpot, result.output),
  };
}

/** @returns undefined when the pool does not do it */
function simulate(s: Reader, netuid: Netuid, kind: "buy" | "sell", amount: Rao) {
  const result = subnetExists(s, netuid) ? simulateSwap(s, netuid, kind, amount) : "no subnet";
  return typeof result === "string" ? undefined : result;
}
