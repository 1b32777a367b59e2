import type { Chain } from "../shared/chain/chain.ts";
import type { Clock } from "../shared/clock.ts";
import { isSubforgeError, SubforgeError } from "../shared/errors.ts";
import type { WeightRecords } from "../shared/journal/weight-records.ts";
import type { Keypair } from "../shared/keys/keypair.ts";
import type { Logger } from "../shared/logger.ts";
import type { ConnectOptions } from "../shared/queue/connection.ts";
import { holdLease, type Lease, plannerLease } from "../shared/queue/lease.ts";
import type { Netuid } from "../shared/types.ts";
import { Doppelganger } from "./doppelganger.ts";
import type { OnEvent } from "./events.ts";

/** Pause before the chain is asked again after it failed. */
const CHAIN_RETRY_MS = 1_000;

export type SigningPermitOptions = {
  /** Subnets of this process, and the mechanisms of each. */
  subjects: ReadonlyMap<Netuid, readonly number[]>;
  /** Epochs to look for another machine before the first signature; 0: not at all. */
  doppelgangerEpochs: number;
  /** A process that only watches takes no lease and looks for nobody. Default false. */
  shadow?: boolean | undefined;
  /** How long a lease outlives its holder, ms. Default: some seconds. */
  leaseMs?: number | undefined;
};

export type SigningPermitDeps = {
  chain: Pick<Chain, "identity" | "heads" | "subnetRules" | "metagraph" | "lastUpdate" | "inclusionOf">;
  signer: Pick<Keypair, "address">;
  weights: WeightRecords;
  queue: ConnectOptions;
  clock: Clock;
  logger: Logger;
  signal: AbortSignal;
  onEvent: OnEvent;
};

/** Whether this process is the one that may sign weights for a subnet. */
export type SigningPermit = {
  /** Right before a signature: nobody else has the lease, and nobody else was seen on chain. */
  maySign(netuid: Netuid): Promise<boolean>;
  /**
   * Looks around until the signal aborts.
   *
   * @throws SubforgeError PLANNER_LEASE_LOST | DOPPELGANGER_FOUND: this process must stop
   */
  watch(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
};

/**
 * Becomes the planner of its hotkey on these subnets, waiting for as long as another one on this Redis is. Comes after the
 * lock of the journal, which refuses a second process of this machine at once.
 *
 * @returns undefined when the signal aborted while it waited.
 * @throws SubforgeError QUEUE_ADDRESS | QUEUE_UNREACHABLE | QUEUE_EVICTS
 */
export async function openSigningPermit(
  options: SigningPermitOptions,
  deps: SigningPermitDeps,
): Promise<SigningPermit | undefined> {
  const { signal } = deps;
  const leases = new Map<Netuid, Lease>();
  const close = async () => {
    for (const lease of leases.values()) await lease.release();
  };
  // In one order for everybody: two processes never wait for each other.
  const netuids = options.shadow ? [] : [...options.subjects.keys()].sort((a, b) => a - b);
  try {
    for (const netuid of netuids) {
      const lease = await holdLease(plannerLease(deps.chain.identity.genesis, deps.signer.address, netuid), {
        connect: deps.queue,
        signal,
        ...(options.leaseMs !== undefined && { ttlMs: options.leaseMs }),
        onWait: (holder) => deps.onEvent({ event: "planner.waiting", netuid, holder }),
      });
      if (lease) leases.set(netuid, lease);
    }
  } catch (error) {
    await close();
    throw error;
  }
  if (signal.aborted) {
    await close();
    return undefined;
  }
  const lookouts = new Map(netuids.map((netuid) => [netuid, createLookout(netuid, options, deps)]));
  return {
    maySign: async (netuid) => {
      const lease = leases.get(netuid);
      if (!lease || !(await lookouts.get(netuid)!.isClear())) return false;
      const standing = await lease.standing();
      // While Redis is away nobody can take the lease over either, unless we are the ones cut off: then whoever takes it
      // sees our weights on chain, and looks out for them before it signs.
      return standing === "held" || standing === "unknown";
    },
    watch: async (until) => {
      const ended = new AbortController();
      const watches = [
        ...[...leases].map(([netuid, { lost }]) => untilLost(netuid, lost, until)),
        ...[...lookouts.values()].map((lookout) =>
          keepLooking(lookout, deps, AbortSignal.any([until, ended.signal])),
        ),
      ];
      await Promise.all(watches).finally(() => ended.abort());
    },
    close,
  };
}

function createLookout(
  netuid: Netuid,
  { subjects, doppelgangerEpochs: epochs }: SigningPermitOptions,
  { chain, signer, weights, onEvent }: SigningPermitDeps,
): Doppelganger {
  const mechanisms = subjects.get(netuid) ?? [];
  return new Doppelganger(
    { netuid, mechanisms, epochs },
    { chain, hotkey: signer.address, weights, onEvent },
  );
}

async function untilLost(netuid: Netuid, lost: AbortSignal, until: AbortSignal): Promise<void> {
  const either = AbortSignal.any([lost, until]);
  if (!either.aborted) {
    await new Promise((resolve) => either.addEventListener("abort", resolve, { once: true }));
  }
  if (lost.aborted && !until.aborted) throw new SubforgeError("PLANNER_LEASE_LOST", { netuid });
}

/** Block by block, until the way is clear. */
async function keepLooking(
  lookout: Doppelganger,
  { chain, clock, logger }: SigningPermitDeps,
  until: AbortSignal,
): Promise<void> {
  while (!until.aborted) {
    try {
      if (await lookout.isClear()) return;
      for await (const _ of chain.heads(until)) if (await lookout.isClear()) return;
    } catch (error) {
      if (!isSubforgeError(error) || !error.code.startsWith("CHAIN_")) throw error;
      logger.warn("chain.trouble", { code: error.code, reason: error.message });
    }
    await clock.sleep(CHAIN_RETRY_MS, until);
  }
}
