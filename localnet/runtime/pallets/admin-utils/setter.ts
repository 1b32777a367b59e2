import type { Netuid } from "../../../../shared/types.ts";
import type { Fields, FieldValues } from "../../../types/composites.ts";
import type { ValueOf } from "../../../types/type-node.ts";
import { type Call, call, weight } from "../../dsl/calls.ts";
import { type Account, type CallContext, ensureRoot } from "../../dsl/context.ts";
import { ensure, errorsOf, fail } from "../../dsl/errors.ts";
import { isInAdminFreezeWindow } from "../subtensor/epoch-clock.ts";
import { Hyperparameters } from "../subtensor/hyperparameter-storage.ts";
import { Networks } from "../subtensor/network-storage.ts";
import { subnetExists } from "../subtensor/subnets.ts";
import { errors as subtensorErrors } from "../subtensor/subtensor-id.ts";
import type { Hyperparameter, HyperparameterName, RateLimitKey } from "../subtensor/subtensor-types.ts";

export const adminUtilsId = { name: "AdminUtils", index: 19 };

export const adminErrors = errorsOf(adminUtilsId, {
  SubnetDoesNotExist: 0,
  MaxValidatorsLargerThanMaxUIds: 1,
  MaxAllowedUIdsLessThanCurrentUIds: 2,
  BondsMovingAverageMaxReached: 3,
  NegativeSigmoidSteepness: 4,
  ValueNotInBounds: 5,
  MinAllowedUidsGreaterThanCurrentUids: 6,
  MinAllowedUidsGreaterThanMaxAllowedUids: 7,
  MaxAllowedUidsLessThanMinAllowedUids: 8,
  MaxAllowedUidsGreaterThanDefaultMaxAllowedUids: 9,
  InvalidValue: 10,
  NotPermittedOnRootSubnet: 11,
  POWRegistrationDisabled: 12,
  Deprecated: 13,
});

/** Limits that the chain keeps per owner: under which number, and how many blocks (the version key's are tempos). */
const OWNER_ACTS = {
  "weights-version-key": { kind: 4, blocks: undefined },
  "mechanism-count": { kind: 7, blocks: 7_200n },
  "mechanism-emission": { kind: 8, blocks: 7_200n },
  "uid-trimming": { kind: 9, blocks: 216_000n },
} as const;
type OwnerAct = keyof typeof OWNER_ACTS;

/** How often an owner may change what the setter sets. Root always may. */
export type OwnerLimit = HyperparameterName | OwnerAct | "unlimited";

type SetterDeclaration<A extends Fields> = {
  index: number;
  args: A;
  /** Picoseconds and bytes. */
  weight: readonly [refTime: bigint, proofSize?: bigint];
  class?: "Operational";
  /** Absent: only root may call. */
  owner?: OwnerLimit;
  /** Refused when the subnet's epoch is near, also for root. */
  window?: true;
  /** Refused for a subnet that does not exist. */
  exists?: true;
  run(c: CallContext, args: FieldValues<A>): void;
};

/** A call that sets one parameter of one subnet. Checks in the chain's order: origin, freeze window, existence, values. */
export function subnetSetter<const A extends Fields>(declared: SetterDeclaration<A>): Call {
  return call({
    index: declared.index,
    args: declared.args,
    weight: weight(...declared.weight),
    class: declared.class ?? "Normal",
    run(c, args) {
      const { netuid } = args as unknown as { netuid: Netuid };
      const owner = ensureMaySet(c, netuid, declared.owner);
      if (declared.window && isInAdminFreezeWindow(c, netuid)) {
        fail(subtensorErrors.is.AdminActionProhibitedDuringWeightsWindow);
      }
      if (declared.exists) ensure(subnetExists(c.store, netuid), adminErrors.is.SubnetDoesNotExist);
      declared.run(c, args);
      if (owner !== undefined) recordChange(c, netuid, owner, declared.owner!);
    },
  });
}

/** A call by which root sets a value for the whole chain. */
export function globalSetter<const A extends Fields>(declared: {
  index: number;
  args: A;
  weight: readonly [refTime: bigint, proofSize?: bigint];
  run(c: CallContext, args: FieldValues<A>): void;
}): Call {
  const { index, args, weight: cost, run } = declared;
  return call({
    index,
    args,
    weight: weight(...cost),
    run(c, given) {
      ensureRoot(c.origin);
      run(c, given);
    },
  });
}

export function isRoot(c: CallContext): boolean {
  return c.origin.kind === "root";
}

/** @returns the owner when it is the owner who calls, undefined for root */
function ensureMaySet(c: CallContext, netuid: Netuid, limit: OwnerLimit | undefined): Account | undefined {
  if (c.origin.kind === "root") return undefined;
  const isOwner = c.origin.kind === "signed" && c.origin.who === Networks.SubnetOwner.get(c.store, netuid);
  if (limit === undefined || !isOwner || c.origin.kind !== "signed") return fail({ type: "BadOrigin" });
  ensure(isLongEnoughAgo(c, netuid, c.origin.who, limit), subtensorErrors.is.TxRateLimitExceeded);
  return c.origin.who;
}

function isLongEnoughAgo(c: CallContext, netuid: Netuid, owner: Account, limit: OwnerLimit): boolean {
  if (limit === "unlimited") return true;
  const { store: s } = c;
  const tempo = BigInt(Hyperparameters.Tempo.get(s, netuid));
  if (isOwnerAct(limit)) {
    const { kind, blocks } = OWNER_ACTS[limit];
    const last = Hyperparameters.TransactionKeyLastBlock.get(s, owner, netuid, kind);
    return isPast(c, last, blocks ?? Hyperparameters.WeightsVersionKeyRateLimit.get(s) * tempo);
  }
  const last = Networks.LastRateLimitedBlock.get(s, limitKey(netuid, limit));
  return isPast(c, last, BigInt(Hyperparameters.OwnerHyperparamRateLimit.get(s)) * tempo);
}

function isPast(c: CallContext, last: bigint, blocks: bigint): boolean {
  return last === 0n || BigInt(c.block) - last >= blocks;
}

function recordChange(c: CallContext, netuid: Netuid, owner: Account, limit: OwnerLimit): void {
  const now = BigInt(c.block);
  if (limit === "unlimited") return;
  if (isOwnerAct(limit)) {
    Hyperparameters.TransactionKeyLastBlock.put(c.store, owner, netuid, OWNER_ACTS[limit].kind, now);
  } else {
    Networks.LastRateLimitedBlock.put(c.store, limitKey(netuid, limit), now);
  }
}

function isOwnerAct(limit: HyperparameterName | OwnerAct): limit is OwnerAct {
  return limit in OWNER_ACTS;
}

function limitKey(netuid: Netuid, parameter: HyperparameterName): ValueOf<typeof RateLimitKey> {
  return {
    type: "OwnerHyperparamUpdate",
    value: [netuid, { type: parameter } as ValueOf<typeof Hyperparameter>],
  };
}
