import type { Netuid } from "../../../../shared/types.ts";
import type { Account, Context } from "../../dsl/context.ts";
import { ensure } from "../../dsl/errors.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { events } from "./subtensor-events.ts";
import { errors } from "./subtensor-id.ts";
import type { AxonInfo } from "./subtensor-types.ts";

const IPV4_END = 2n ** 32n - 1n;
const IPV4_LOOPBACK = 0x7f_00_00_01n;
const IPV6_END = 2n ** 128n - 1n;
const IPV6_LOOPBACK = 1n;

/** Arguments of `serve_axon`. */
export type AxonArgs = Omit<AxonInfo, "block"> & { netuid: Netuid };

/** `serve_axon`: announce where a neuron answers. */
export function serveAxon(c: Context, hotkey: Account, { netuid, ...axon }: AxonArgs): void {
  ensureServable(c, hotkey, { netuid, ...axon });
  Neurons.Axons.put(c.store, netuid, hotkey, { block: BigInt(c.block), ...axon });
  c.deposit(events.make.AxonServed([netuid, hotkey]));
}

/** All checks of `serve_axon`, in the chain's order. @throws DispatchFailure */
export function ensureServable(c: Context, hotkey: Account, { netuid, ip, ip_type, port }: AxonArgs): void {
  const { store: s } = c;
  ensure(Neurons.Uids.exists(s, netuid, hotkey), errors.is.HotKeyNotRegisteredInNetwork);
  ensure(ip_type === 4 || ip_type === 6, errors.is.InvalidIpType);
  ensure(isAddress(ip, ip_type), errors.is.InvalidIpAddress);
  const last = Neurons.Axons.get(s, netuid, hotkey)?.block ?? 0n;
  const limit = Hyperparameters.ServingRateLimit.get(s, netuid);
  ensure(limit === 0n || last === 0n || BigInt(c.block) - last >= limit, errors.is.ServingRateLimitExceeded);
  ensure(port !== 0, errors.is.InvalidPort);
}

/** Zero is allowed, as on chain: it means that nothing is served. */
function isAddress(ip: bigint, type: number): boolean {
  if (type === 4) return ip < IPV4_END && ip !== IPV4_LOOPBACK;
  return ip !== IPV6_END && ip !== IPV6_LOOPBACK;
}
