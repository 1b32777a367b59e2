import type { Account, Context, RuntimeCall } from "../../dsl/context.ts";
import { DispatchFailure, ensure } from "../../dsl/errors.ts";
import { InvalidTransaction } from "../../dsl/invalid-transaction.ts";
import { Neurons } from "./neuron-storage.ts";
import { ensureNetworkRateLimit } from "./register-network.ts";
import { type AxonArgs, ensurePrometheusServable, ensureServable, type PrometheusArgs } from "./serve.ts";
import { errors, subtensorId } from "./subtensor-id.ts";
import { ensureTakeInBounds } from "./takes.ts";
import { checkWeights, checkWeightsRate } from "./weight-guards.ts";

/** Numbers under which clients learn of a refusal before inclusion. Errors without one are 255. */
const CUSTOM_CODES: Record<string, number> = {
  ColdkeySwapAnnounced: 0,
  ColdkeySwapDisputed: 21,
  NotEnoughStakeToSetWeights: 1,
  SettingWeightsTooFast: 6,
  CommittingWeightsTooFast: 6,
  NetworkTxRateLimitExceeded: 6,
  HotKeyNotRegisteredInNetwork: 10,
  InvalidIpAddress: 11,
  ServingRateLimitExceeded: 12,
  InvalidPort: 13,
  HotKeyAccountNotExists: 4,
  NonAssociatedColdKey: 25,
  DelegateTakeTooLow: 26,
  DelegateTakeTooHigh: 27,
  InvalidRevealRound: 15,
  NoWeightsCommitFound: 16,
  RevealTooEarly: 17,
  InputLengthsUnequal: 18,
};
const BAD_REQUEST = 255;

/** All that a coldkey may do once it announced that another takes over. */
const SWAP_CALLS = new Set([
  "announce_coldkey_swap",
  "swap_coldkey_announced",
  "dispute_coldkey_swap",
  "clear_coldkey_swap_announcement",
]);

/**
 * The checks that the chain makes before a call is accepted, in its order.
 *
 * @throws DispatchFailure by the name of the module error
 */
export function checkGuards(c: Context, signer: Account, call: RuntimeCall): void {
  ensureNoSwap(c, signer, call);
  if (call.type !== subtensorId.name) return;
  const { type: name, value: args } = call.value;
  checkWeights(c, signer, name, args);
  checkWeightsRate(c, signer, name, args);
  if (name === "register_network") ensureNetworkRateLimit(c);
  if (name === "increase_take" || name === "decrease_take") {
    const { hotkey, take } = args as { hotkey: Account; take: number };
    ensureTakeInBounds(c.store, signer, hotkey, take);
  }
  if (name === "serve_axon" || name === "serve_axon_tls") ensureServable(c, signer, args as AxonArgs);
  if (name === "serve_prometheus") ensurePrometheusServable(c, signer, args as PrometheusArgs);
}

/** The same before a transaction enters the pool. @throws InvalidTransaction with the chain's number */
export function checkGuardsOfTransaction(c: Context, signer: Account, call: RuntimeCall): void {
  try {
    checkGuards(c, signer, call);
  } catch (error) {
    if (!(error instanceof DispatchFailure)) throw error;
    const name = error.message.slice(error.message.indexOf(".") + 1);
    throw new InvalidTransaction({ custom: CUSTOM_CODES[name] ?? BAD_REQUEST });
  }
}

function ensureNoSwap({ store: s }: Context, signer: Account, { type, value }: RuntimeCall): void {
  if (!Neurons.ColdkeySwapAnnouncements.exists(s, signer)) return;
  ensure(!Neurons.ColdkeySwapDisputes.exists(s, signer), errors.is.ColdkeySwapDisputed);
  ensure(type === subtensorId.name && SWAP_CALLS.has(value.type), errors.is.ColdkeySwapAnnounced);
}
