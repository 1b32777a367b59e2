import type { Netuid, Rao } from "../../../../shared/types.ts";
import type { Reader, Store } from "../../../state/store.ts";
import { addU64, maxBigint, U64F64 } from "../../consensus/fixed.ts";
import { blockEmission, effectiveLockInterval, networkLockCost } from "../../consensus/issuance.ts";
import { firstEpochSlot } from "../../consensus/schedule.ts";
import type { Account, Context } from "../../dsl/context.ts";
import { ensure, fail } from "../../dsl/errors.ts";
import { reducibleBalance } from "../accounts.ts";
import { adoptByRootValidators } from "./children.ts";
import { associateHotkey, ensureNoSystemAccount, ensureOwnerOf, hotkeyExists } from "./hotkeys.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { storeSubnetIdentity } from "./identity.ts";
import { Networks } from "./network-storage.ts";
import { appendNeuron } from "./neurons.ts";
import { removeSubnet, weakestSubnet } from "./remove-subnet.ts";
import { Stakes } from "./stake-storage.ts";
import { payIntoSubnet } from "./subnet-money.ts";
import { setOwnerHotkey } from "./subnet-owner.ts";
import { spotPrice, subnetExists, subnetIdsWithoutRoot } from "./subnets.ts";
import { events } from "./subtensor-events.ts";
import { errors } from "./subtensor-id.ts";
import type { SubnetIdentityV3 } from "./subtensor-types.ts";
import { freeSymbol } from "./token-symbol.ts";

/** Kind of every new subnet: its alpha has a price. */
const DYNAMIC = 1;
/** A coin, rao: what the first registration in a new subnet costs. */
const FIRST_BURN = 1_000_000_000n;
const MAX_UIDS = 256;
const MAX_VALIDATORS = 64;
const MIN_ALLOWED_WEIGHTS = 1;
/** Blocks. */
const IMMUNITY_PERIOD = 5000;

const LAST_REGISTRATION = { type: "NetworkLastRegistered" } as const;

/**
 * `register_network`: a subnet of one's own, with the hotkey as uid 0. When all places are taken the weakest subnet goes.
 * Checks in the chain's order.
 */
export function registerNetwork(
  c: Context,
  coldkey: Account,
  hotkey: Account,
  identity?: SubnetIdentityV3,
): void {
  const { store: s } = c;
  if (hotkeyExists(s, hotkey)) ensureOwnerOf(s, hotkey, coldkey);
  ensureNoSystemAccount(hotkey);
  const start = Networks.NetworkRegistrationStartBlock.get(s);
  ensure(BigInt(c.block) >= start, errors.is.SubNetRegistrationDisabled);
  ensureNetworkRateLimit(c);
  const free = freeNetuid(s);
  const netuid = free ?? weakestSubnet(c) ?? fail(errors.is.SubnetLimitReached);
  const cost = lockCost(s, c.block);
  ensure(reducibleBalance(s, coldkey, false) >= cost, errors.is.CannotAffordLockCost);

  if (free === undefined) removeSubnet(c, netuid);
  const price = medianPrice(s);
  initialiseSubnet(c, netuid);
  const lock = payIntoSubnet(c, netuid, coldkey, cost);
  Networks.NetworkLastLockCost.put(s, lock);
  Networks.LastRateLimitedBlock.put(s, LAST_REGISTRATION, BigInt(c.block));
  associateHotkey(s, hotkey, coldkey);
  appendNeuron(c, netuid, hotkey);
  openPool(s, netuid, lock, price);
  Networks.SubnetOwner.put(s, netuid, coldkey);
  setOwnerHotkey(c, netuid, hotkey);
  if (identity !== undefined) storeSubnetIdentity(c, netuid, identity);
  adoptByRootValidators(c, netuid);
  c.deposit(events.make.NetworkAdded([netuid, DYNAMIC]));
  Networks.SubnetEmissionEnabled.put(s, netuid, false);
}

/** `start_call`: from the next block on the subnet emits alpha and takes stake. */
export function startSubnet(c: Context, coldkey: Account, netuid: Netuid): void {
  const { store: s } = c;
  ensure(subnetExists(s, netuid), errors.is.SubnetNotExists);
  ensure(Networks.SubnetOwner.get(s, netuid) === coldkey, { type: "BadOrigin" });
  ensure(!Networks.FirstEmissionBlockNumber.exists(s, netuid), errors.is.FirstEmissionBlockNumberAlreadySet);
  const earliest = Networks.NetworkRegisteredAt.get(s, netuid) + Networks.StartCallDelay.get(s);
  ensure(BigInt(c.block) >= earliest, errors.is.NeedWaitingMoreBlocksToStarCall);

  const first = BigInt(c.block + 1);
  Networks.FirstEmissionBlockNumber.put(s, netuid, first);
  Networks.SubtokenEnabled.put(s, netuid, true);
  c.deposit(events.make.FirstEmissionBlockNumberSet([netuid, first]));
}

/** @throws DispatchFailure NetworkTxRateLimitExceeded */
export function ensureNetworkRateLimit({ store: s, block }: Context): void {
  const last = Networks.LastRateLimitedBlock.get(s, LAST_REGISTRATION);
  const limit = Networks.NetworkRateLimit.get(s);
  ensure(limit === 0n || last === 0n || BigInt(block) - last >= limit, errors.is.NetworkTxRateLimitExceeded);
}

/** What a new subnet costs now, rao. */
export function lockCost(s: Reader, block: number): Rao {
  const emission = blockEmission(Stakes.TotalIssuance.get(s));
  const interval = effectiveLockInterval(Networks.NetworkLockReductionInterval.get(s), emission);
  return networkLockCost(
    Networks.NetworkLastLockCost.get(s),
    Networks.LastRateLimitedBlock.get(s, LAST_REGISTRATION),
    BigInt(block),
    Networks.NetworkMinLockCost.get(s),
    interval,
  );
}

/** Defaults of a new subnet, without owner and pool. */
function initialiseSubnet(c: Context, netuid: Netuid): void {
  const { store: s } = c;
  const tempo = Hyperparameters.Tempo.get(s, netuid);
  Networks.SubnetworkN.put(s, netuid, 0);
  Networks.NetworksAdded.put(s, netuid, true);
  Hyperparameters.Tempo.put(s, netuid, tempo);
  Hyperparameters.LastEpochBlock.put(s, netuid, BigInt(firstEpochSlot(c.block, netuid, tempo)));
  Networks.TotalNetworks.mutate(s, (count) => count + 1);
  Networks.RegisteredSubnetCounter.mutate(s, netuid, (count) => count + 1n);
  Networks.SubnetMechanism.put(s, netuid, DYNAMIC);
  Networks.NetworkRegisteredAt.put(s, netuid, BigInt(c.block));
  Networks.TokenSymbol.put(s, netuid, freeSymbol(s, netuid));
  Networks.Burn.put(s, netuid, FIRST_BURN);
  Hyperparameters.Yuma3On.put(s, netuid, true);

  Networks.NetworkRegistrationAllowed.put(s, netuid, true);
  c.deposit(events.make.RegistrationAllowed([netuid, true]));
  Hyperparameters.MaxAllowedUids.put(s, netuid, MAX_UIDS);
  c.deposit(events.make.MaxAllowedUidsSet([netuid, MAX_UIDS]));
  Hyperparameters.MaxAllowedValidators.put(s, netuid, MAX_VALIDATORS);
  c.deposit(events.make.MaxAllowedValidatorsSet([netuid, MAX_VALIDATORS]));
  Hyperparameters.MinAllowedWeights.put(s, netuid, MIN_ALLOWED_WEIGHTS);
  c.deposit(events.make.MinAllowedWeightSet([netuid, MIN_ALLOWED_WEIGHTS]));
  Hyperparameters.ImmunityPeriod.put(s, netuid, IMMUNITY_PERIOD);
  c.deposit(events.make.ImmunityPeriodSet([netuid, IMMUNITY_PERIOD]));
}

function openPool(s: Store, netuid: Netuid, lock: Rao, price: bigint): void {
  const tao = maxBigint(lock, Networks.NetworkMinLockCost.get(s));
  const alpha = U64F64.toUnsigned(U64F64.safeDiv(U64F64.fromInteger(tao), price), 64);
  Stakes.SubnetTAO.put(s, netuid, tao);
  Stakes.SubnetAlphaIn.put(s, netuid, alpha);
  Stakes.SubnetAlphaOut.put(s, netuid, 0n);
  Stakes.TotalStake.mutate(s, (total) => addU64(total, tao));
  Networks.SubnetLocked.put(s, netuid, lock);
}

/** Median of the spot prices above 0, U64F64; one when there is none. */
function medianPrice(s: Reader): bigint {
  const prices = subnetIdsWithoutRoot(s)
    .map((netuid) => spotPrice(s, netuid))
    .filter((price) => price > 0n)
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  if (prices.length === 0) return U64F64.one;
  const middle = Math.floor(prices.length / 2);
  if (prices.length % 2 === 1) return prices[middle]!;
  return U64F64.div(U64F64.add(prices[middle - 1]!, prices[middle]!), U64F64.fromInteger(2n));
}

function freeNetuid(s: Reader): Netuid | undefined {
  const taken = new Set(subnetIdsWithoutRoot(s));
  if (taken.size >= Networks.SubnetLimit.get(s)) return undefined;
  let netuid = 1;
  while (taken.has(netuid)) netuid++;
  return netuid;
}
