import { isSubforgeError, SubforgeError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/logger.ts";
import { holdLease, type Lease, plannerLease } from "../../shared/queue/lease.ts";
import type { Hex, Hotkey, Netuid } from "../../shared/types.ts";
import { queueUrl } from "../options.ts";
import type { Output } from "../output.ts";

export type PlannerTurnArgs = { queue: string | undefined; queuePrivateNetwork: boolean };

/** Whose turn is asked for, and who is told that nobody can be asked. */
export type PlannerTurnDeps = {
  genesis: Hex;
  hotkey: Hotkey;
  netuid: Netuid;
  output: Pick<Output, "line">;
  logger: Logger;
  signal: AbortSignal;
};

export type PlannerTurn = { maySign(): Promise<boolean>; release(): Promise<void> };

/**
 * The turn of a hotkey's planner among all that share its Redis, for a command: it does not wait for it. Without a Redis,
 * or while that is away, it says so and goes on: what is done by hand is for such a day.
 *
 * @throws SubforgeError PLANNER_LEASE_HELD, QUEUE_ADDRESS, QUEUE_EVICTS
 */
export async function takePlannerTurn(
  args: PlannerTurnArgs,
  { genesis, hotkey, netuid, output, logger, signal }: PlannerTurnDeps,
): Promise<PlannerTurn> {
  const url = queueUrl(args);
  const alone = (why: string) => {
    output.line(`queue    ${why}: a validator of this hotkey on another machine would not be noticed`);
    return { maySign: async () => true, release: async () => {} };
  };
  if (url === undefined) return alone("none is named");
  const refused = new AbortController();
  let holder: string | undefined;
  let lease: Lease | undefined;
  try {
    lease = await holdLease(plannerLease(genesis, hotkey, netuid), {
      connect: { url, privateNetwork: args.queuePrivateNetwork, logger },
      signal: AbortSignal.any([signal, refused.signal]),
      onWait: (by) => {
        holder = by;
        refused.abort();
      },
    });
  } catch (error) {
    if (isSubforgeError(error, "QUEUE_UNREACHABLE")) return alone("Redis does not answer");
    throw error;
  }
  if (holder !== undefined) throw new SubforgeError("PLANNER_LEASE_HELD", { netuid, holder });
  return {
    // As a planner that runs: while Redis is away, nobody can take it over either.
    maySign: async () => ["held", "unknown"].includes((await lease?.standing()) ?? "lost"),
    release: async () => lease?.release(),
  };
}
