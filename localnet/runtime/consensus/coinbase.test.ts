import { describe, expect, it } from "vitest";
import { decayBurn, decayFactor, raiseBurn } from "./burn.ts";
import { decay, rollLock } from "./conviction.ts";
import {
  emissionShares,
  movingPrice,
  pendingAccrual,
  rootProportion,
  subnetTaoEmission,
  subnetTerms,
} from "./emission.ts";
import { blockEmission, effectiveLockInterval, networkLockCost } from "./issuance.ts";
import { splitEmission } from "./mechanisms.ts";
import { distributeDividends, splitTake, splitWithParents, withheldFraction } from "./payout.ts";
import {
  buyInputToPrice,
  buyOutput,
  poolPrice,
  remainingRatio,
  roundPart,
  sellInputToPrice,
  sellOutput,
  swap,
  weightAfterInjection,
  weightForPrice,
} from "./pool.ts";
import { powRatio } from "./pool-power.ts";
import { claimRate, owedToRoot, pickRootClaims } from "./root-claims.ts";
import { activityCutoffBlocks, blocksUntilNextEpoch, isEpochDue } from "./schedule.ts";
import {
  changeShare,
  changeValue,
  type SafeFloat,
  type SharePool,
  valueOfShare,
  ZERO,
} from "./share-pool.ts";
import { fromU64Share } from "./u64-share.ts";
import { haveVectors, readVectors } from "./yuma-vectors.ts";

/** Arguments with every decimal string turned into a bigint. */
// biome-ignore lint/suspicious/noExplicitAny: the vectors of 39 functions have 39 shapes
type Args = any;
type Case = { id: string; fn: string; args: Args; result: unknown };

/** Each named function of the vectors, built from ours. */
const FUNCTIONS: Record<string, (args: Args) => unknown> = {
  block_emission: (a) => blockEmission(a.issuance),
  effective_lock_interval: (a) => effectiveLockInterval(a.interval, a.tao_block_emission),
  network_lock_cost: (a) =>
    networkLockCost(a.last_lock, a.last_lock_block, a.block, a.min_lock, a.effective_interval),
  decay_factor_q32: (a) => decayFactor(Number(a.half_life)),
  burn_decay: (a) => {
    let burn = a.burn;
    for (let i = 0; i < a.blocks; i++) burn = decayBurn(burn, Number(a.half_life), a);
    return burn;
  },
  burn_bump: (a) => raiseBurn(a.burn, a.multiplier_u64f64, a),
  pool_price: (a) => poolPrice({ alpha: a.alpha, tao: a.tao, taoWeight: a.quote_weight_1e18 }),
  moving_price: (a) => movingPrice(priceStep(a, a.old_i96f32)),
  moving_price_repeat: (a) => {
    let price = a.old_i96f32;
    for (let i = 0; i < a.times; i++) price = movingPrice(priceStep(a, price));
    return price;
  },
  root_proportion_u96f32: (a) => rootProportion(a.root_tao, a.tao_weight, a.alpha_issuance),
  emission_shares_u64f64: (a) => emissionShares(a.moving_prices_u64f64, a.miner_burned_u96f32),
  subnet_tao_emission_u96f32: (a) => subnetTaoEmission(a.shares_u64f64, a.enabled, a.block_emission),
  subnet_terms_u96f32: (a) => {
    const rootShare = rootProportion(a.root_tao, a.tao_weight, a.alpha_issuance);
    const terms = subnetTerms(a.tao_emission_u96f32, a.price_u64f64, a.alpha_issuance, rootShare);
    return {
      tao_in: terms.taoIn,
      alpha_in: terms.alphaIn,
      alpha_out: terms.alphaOut,
      excess_tao: terms.excessTao,
      cap: terms.cap,
    };
  },
  pending_accrual: (a) => {
    const cut = a.owner_cut_enabled ? Number(a.owner_cut_u16) : undefined;
    const pots = pendingAccrual(a.alpha_out_u96f32, cut, a.root_proportion_u96f32);
    return {
      owner_cut: pots.ownerCut,
      server: pots.server,
      validator: pots.validator,
      root_alpha: pots.rootAlpha,
    };
  },
  parent_split: (a) =>
    splitWithParents(
      a.dividend,
      { alpha: a.own_alpha, root: a.own_root, childrenProportions: a.children_proportions },
      a.parents.map((p: Args) => ({ ...p, proportion: p.prop, sameOwner: p.same_owner })),
      Number(a.child_take_u16),
      a.ck_burn,
      fromU64Share(a.tao_weight),
    ),
  dividend_distribution_u96f32: (a) =>
    distributeDividends(
      a.pending_validator_alpha,
      a.pending_root_alpha,
      a.tao_weight_u96f32,
      a.rows.map((row: Args) => ({
        dividend: row.dividend_u96f32,
        alphaStake: row.alpha_stake,
        rootStake: row.root_stake,
      })),
    ),
  take_split: (a) => splitTake(a.amount_u96f32, Number(a.take_u16)),
  withheld_fraction_u96f32: (a) => withheldFraction(a.withheld, a.total),
  root_claim_rate_i96f32: (a) => claimRate(a.amount, a.root_stake) ?? null,
  root_owed_i96f32: (a) => owedToRoot(a.rate_i96f32, a.coldkey_root_stake, a.claimed),
  root_claim_picks: (a) =>
    pickRootClaims(Uint8Array.from(Buffer.from(a.parent_hash_hex, "hex")), Number(a.k), Number(a.n)),
  share_pool: ({ ops }) => {
    const { pool, shares } = runPool(ops);
    const { mantissa, exponent } = pool.denominator;
    return { value: pool.value, values: valuesOf(pool, shares), denominator: [mantissa, exponent] };
  },
  share_pool_macro: () => {
    const trickle = Array.from({ length: 1000 }, () => [
      ["one", "a", -500_000_000n],
      ["one", "b", -500_000_000n],
    ]).flat();
    const { pool, shares } = runPool([
      ["one", "a", 1n],
      ["one", "b", 1n],
      ["all", 10n ** 15n],
      ...trickle,
      ["all", 10n ** 15n],
      ["one", "a", 10n ** 12n],
      ["one", "b", 10n ** 12n],
    ]);
    return { values: valuesOf(pool, shares) };
  },
  exp_decay_u64f64: (a) => decay(a.dt, a.tau),
  roll_lock: (a) => {
    const rolled = rollLock(
      { mass: a.mass, conviction: a.conviction_u64f64, last: a.last },
      a.now,
      { unlock: a.unlock_rate, maturity: a.maturity_rate },
      { perpetual: a.perpetual, owner: a.owner_lock },
    );
    return { mass: rolled.mass, conviction_u64f64: rolled.conviction, last: rolled.last };
  },
  blocks_until_next_epoch: (a) => {
    const blocks = blocksUntilNextEpoch(Number(a.tempo), Number(a.last_epoch_block), Number(a.block));
    return Number.isFinite(blocks) ? blocks : 2n ** 64n - 1n;
  },
  epoch_due: (a) =>
    isEpochDue(
      {
        tempo: Number(a.tempo),
        lastEpochBlock: Number(a.last_epoch_block),
        pendingEpochAt: Number(a.pending_epoch_at),
        blocksSinceLastStep: Number(a.blocks_since_last_step),
      },
      Number(a.block),
    ),
  activity_cutoff_blocks: (a) => activityCutoffBlocks(Number(a.factor_milli), Number(a.tempo)),
  split_emission: (a) => splitEmission(Number(a.mechanisms), a.split?.map(Number), a.amount),
  pool_pow_ratio_scaled: (a) => powRatio(a.base_num, a.base_den, a.exp_num, a.exp_den, a.scale),
  pool_remaining_ratio_u64f64: (a) => remainingRatio(a.reserve, a.delta, a.exp_num, a.exp_den),
  pool_round_part: (a) => roundPart(a.parts, a.value),
  pool_inject_weight: (a) => weightAfterInjection(poolOf(a), a.add_alpha, a.add_tao) ?? null,
  pool_weight_for_price: (a) => weightForPrice(a.alpha, a.tao, a.price_u64f64),
  pool_sell_output: (a) => sellOutput(poolOf(a), a.alpha_in),
  pool_buy_output: (a) => buyOutput(poolOf(a), a.tao_in),
  pool_buy_input_to_price: (a) => buyInputToPrice(a.price_u64f64, a.target_u64f64, poolOf(a)),
  pool_sell_input_to_price: (a) => sellInputToPrice(a.price_u64f64, a.target_u64f64, poolOf(a)),
  pool_swap: (a) => {
    const result = swap(poolOf(a), a.kind, a.amount, a.limit_u64f64, Number(a.fee_rate_u16));
    if (typeof result === "string") return result;
    return { in: result.input, out: result.output, fee: result.fee };
  },
};

const cases = readVectors<Case>("coinbase.json");

describe.skipIf(!haveVectors)("emission, pool and payout", () => {
  it.each([...new Set(cases.map((c) => c.fn))])("%s equals its vectors in every bit", (fn) => {
    for (const { id, args, result } of cases.filter((c) => c.fn === fn)) {
      expect(strings(FUNCTIONS[fn]!(integers(args))), id).toEqual(strings(result));
    }
  });
});

function poolOf(a: Args) {
  return { alpha: a.alpha, tao: a.tao, taoWeight: a.tao_weight_1e18 };
}

function priceStep(a: Args, old: bigint) {
  return {
    old,
    price: a.price_u64f64,
    movingAlpha: a.moving_alpha_i96f32,
    block: a.block,
    firstEmissionBlock: a.first_emission_block,
    halving: a.halving,
  };
}

function runPool(ops: Args[]) {
  let pool: SharePool = { value: 0n, denominator: ZERO };
  const shares = new Map<string, SafeFloat>();
  for (const [kind, ...rest] of ops) {
    if (kind === "all") {
      pool = changeValue(pool, rest[0]);
      continue;
    }
    const [key, amount] = rest;
    const changed = changeShare(pool, shares.get(key) ?? ZERO, amount);
    pool = changed.pool;
    shares.set(key, changed.share);
  }
  return { pool, shares };
}

function valuesOf(pool: SharePool, shares: ReadonlyMap<string, SafeFloat>) {
  return Object.fromEntries([...shares].map(([key, share]) => [key, valueOfShare(pool, share)]));
}

function integers(value: unknown): unknown {
  if (typeof value === "string") return /^-?\d+$/.test(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(integers);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, integers(entry)]));
  }
  return value;
}

/** Integers as the vectors write them. */
function strings(value: unknown): unknown {
  if (typeof value === "bigint" || typeof value === "number") return String(value);
  if (Array.isArray(value)) return value.map(strings);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, strings(entry)]));
  }
  return value;
}
