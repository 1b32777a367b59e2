import type { Netuid } from "../../../../shared/types.ts";
import type { Account, Context } from "../../dsl/context.ts";
import { ensure } from "../../dsl/errors.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { events } from "./subtensor-events.ts";
import { errors } from "./subtensor-id.ts";
import type { AxonInfo, NeuronCertificate, PrometheusInfo } from "./subtensor-types.ts";

const IPV4_END = 2n ** 32n - 1n;
const IPV4_LOOPBACK = 0x7f_00_00_01n;
const IPV6_END = 2n ** 128n - 1n;
const IPV6_LOOPBACK = 1n;
/** Bytes of a public key in a certificate. */
const MAX_PUBLIC_KEY = 64;

/** Arguments of `serve_axon` and of `serve_prometheus`. */
export type AxonArgs = Omit<AxonInfo, "block"> & { netuid: Netuid };
export type PrometheusArgs = Omit<PrometheusInfo, "block"> & { netuid: Netuid };

/** `serve_axon`: announce where a neuron answers; with TLS also its certificate. */
export function serveAxon(
  c: Context,
  hotkey: Account,
  { netuid, ...axon }: AxonArgs,
  certificate?: Uint8Array,
): void {
  ensureServable(c, hotkey, { netuid, ...axon });
  const parsed = certificate && parseCertificate(certificate);
  if (parsed !== undefined) Neurons.NeuronCertificates.put(c.store, netuid, hotkey, parsed);
  Neurons.Axons.put(c.store, netuid, hotkey, { block: BigInt(c.block), ...axon });
  c.deposit(events.make.AxonServed([netuid, hotkey]));
}

/** `serve_prometheus`: announce where a neuron's metrics are. */
export function servePrometheus(c: Context, hotkey: Account, { netuid, ...info }: PrometheusArgs): void {
  ensurePrometheusServable(c, hotkey, { netuid, ...info });
  Neurons.Prometheus.put(c.store, netuid, hotkey, { block: BigInt(c.block), ...info });
  c.deposit(events.make.PrometheusServed([netuid, hotkey]));
}

/** All checks of `serve_axon`, in the chain's order. @throws DispatchFailure */
export function ensureServable(c: Context, hotkey: Account, { netuid, ip, ip_type, port }: AxonArgs): void {
  const { store: s } = c;
  ensure(Neurons.Uids.exists(s, netuid, hotkey), errors.is.HotKeyNotRegisteredInNetwork);
  ensure(isIpType(ip_type), errors.is.InvalidIpType);
  ensure(isAddress(ip, ip_type), errors.is.InvalidIpAddress); // zero is allowed: it means that nothing is served
  ensureServingRateLimit(c, netuid, Neurons.Axons.get(s, netuid, hotkey)?.block);
  ensure(port !== 0, errors.is.InvalidPort);
}

/** All checks of `serve_prometheus`: other than for an axon, the address comes first and is not zero. */
export function ensurePrometheusServable(
  c: Context,
  hotkey: Account,
  { netuid, ip, ip_type, port }: PrometheusArgs,
): void {
  const { store: s } = c;
  ensure(isIpType(ip_type), errors.is.InvalidIpType);
  ensure(ip !== 0n && isAddress(ip, ip_type), errors.is.InvalidIpAddress);
  ensure(Neurons.Uids.exists(s, netuid, hotkey), errors.is.HotKeyNotRegisteredInNetwork);
  ensureServingRateLimit(c, netuid, Neurons.Prometheus.get(s, netuid, hotkey)?.block);
  ensure(port !== 0, errors.is.InvalidPort);
}

function ensureServingRateLimit({ store: s, block }: Context, netuid: Netuid, last = 0n): void {
  const limit = Hyperparameters.ServingRateLimit.get(s, netuid);
  ensure(limit === 0n || last === 0n || BigInt(block) - last >= limit, errors.is.ServingRateLimitExceeded);
}

function isIpType(type: number): boolean {
  return type === 4 || type === 6;
}

function isAddress(ip: bigint, type: number): boolean {
  if (type === 4) return ip < IPV4_END && ip !== IPV4_LOOPBACK;
  return ip !== IPV6_END && ip !== IPV6_LOOPBACK;
}

/** The first byte says the algorithm. A malformed certificate is passed over without an error, as on chain. */
function parseCertificate(bytes: Uint8Array): NeuronCertificate | undefined {
  const [algorithm, ...key] = bytes;
  if (algorithm === undefined || key.length > MAX_PUBLIC_KEY) return undefined;
  return { public_key: Uint8Array.from(key), algorithm };
}
