import type { EpochInput, EpochResult } from "./epoch-columns.ts";
import { computeExactEpoch } from "./exact-epoch.ts";
import { computeFastEpoch } from "./fast-epoch.ts";
import { settleEpoch } from "./settle-epoch.ts";

/**
 * Weights and stake to incentive, dividends and bonds, exactly as the chain computes them.
 *
 * Source: opentensor/subtensor, pallets/subtensor/src/epoch/run_epoch.rs.
 */
export function runEpoch(input: EpochInput): EpochResult {
  return settleEpoch(input, computeFastEpoch(input) ?? computeExactEpoch(input));
}
