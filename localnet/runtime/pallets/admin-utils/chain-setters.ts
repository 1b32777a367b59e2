import { I96F32 } from "../../../types/fixed-point.ts";
import { U8, U16, U32, U64 } from "../../../types/primitives.ts";
import { named } from "../../../types/type-node.ts";
import { ensure } from "../../dsl/errors.ts";
import { Hyperparameters } from "../subtensor/hyperparameter-storage.ts";
import { Networks } from "../subtensor/network-storage.ts";
import { Neurons } from "../subtensor/neuron-storage.ts";
import { Stakes } from "../subtensor/stake-storage.ts";
import { clearSmallNomination } from "../subtensor/staking.ts";
import { events } from "../subtensor/subtensor-events.ts";
import { errors } from "../subtensor/subtensor-id.ts";
import { globalSetter } from "./setter.ts";

const BlockNumber = named("BlockNumberFor<T>", U32);
/** Mechanisms that any subnet may ever have. */
const MAX_MECHANISMS = 16;

const h = Hyperparameters;

/** What root sets for keys, takes and the number of subnets of the whole chain. */
export const chainSetters = {
  sudo_set_default_take: globalSetter({
    index: 1,
    args: { default_take: U16 },
    weight: [105_400_000n],
    run({ store, deposit }, { default_take }) {
      h.MaxDelegateTake.put(store, default_take); // in spite of its name, as on chain
      deposit(events.make.MaxDelegateTakeSet(default_take));
    },
  }),
  sudo_set_tx_rate_limit: globalSetter({
    index: 2,
    args: { tx_rate_limit: U64 },
    weight: [105_440_000n],
    run({ store, deposit }, { tx_rate_limit }) {
      h.TxRateLimit.put(store, tx_rate_limit);
      deposit(events.make.TxRateLimitSet(tx_rate_limit));
    },
  }),
  sudo_set_network_immunity_period: globalSetter({
    index: 35,
    args: { immunity_period: U64 },
    weight: [114_000_000n],
    run({ store, deposit }, { immunity_period }) {
      Networks.NetworkImmunityPeriod.put(store, immunity_period);
      deposit(events.make.NetworkImmunityPeriodSet(immunity_period));
    },
  }),
  sudo_set_subnet_limit: globalSetter({
    index: 37,
    args: { max_subnets: U16 },
    weight: [114_000_000n],
    run({ store, deposit }, { max_subnets }) {
      Networks.SubnetLimit.put(store, max_subnets);
      deposit(events.make.SubnetLimitSet(max_subnets));
    },
  }),
  sudo_set_nominator_min_required_stake: globalSetter({
    index: 43,
    args: { min_stake: U64 },
    weight: [255_697_000n, 6_890n],
    run(c, { min_stake }) {
      const { store: s } = c;
      const before = Stakes.NominatorMinRequiredStake.get(s);
      Stakes.NominatorMinRequiredStake.put(s, min_stake);
      if (min_stake <= before) return;
      for (const [[hotkey, coldkey, netuid]] of [...Stakes.AlphaV2.entries(s)]) {
        clearSmallNomination(c, { hotkey, coldkey, netuid });
      }
    },
  }),
  sudo_set_tx_delegate_take_rate_limit: globalSetter({
    index: 45,
    args: { tx_rate_limit: U64 },
    weight: [105_420_000n],
    run({ store, deposit }, { tx_rate_limit }) {
      h.TxDelegateTakeRateLimit.put(store, tx_rate_limit);
      deposit(events.make.TxDelegateTakeRateLimitSet(tx_rate_limit));
    },
  }),
  sudo_set_min_delegate_take: globalSetter({
    index: 46,
    args: { take: U16 },
    weight: [105_490_000n],
    run({ store, deposit }, { take }) {
      h.MinDelegateTake.put(store, take);
      deposit(events.make.MinDelegateTakeSet(take));
    },
  }),
  sudo_set_subnet_moving_alpha: globalSetter({
    index: 63,
    args: { alpha: I96F32 },
    weight: [102_955_000n],
    run({ store }, { alpha }) {
      Stakes.SubnetMovingAlpha.put(store, alpha);
    },
  }),
  sudo_set_ck_burn: globalSetter({
    index: 73,
    args: { burn: U64 },
    weight: [140_650_000n],
    run({ store }, { burn }) {
      Stakes.CKBurn.put(store, burn);
    },
  }),
  sudo_set_coldkey_swap_announcement_delay: globalSetter({
    index: 86,
    args: { duration: BlockNumber },
    weight: [105_370_000n],
    run({ store, deposit }, { duration }) {
      Neurons.ColdkeySwapAnnouncementDelay.put(store, duration);
      deposit(events.make.ColdkeySwapAnnouncementDelaySet(duration));
    },
  }),
  sudo_set_coldkey_swap_reannouncement_delay: globalSetter({
    index: 87,
    args: { duration: BlockNumber },
    weight: [105_360_000n],
    run({ store, deposit }, { duration }) {
      Neurons.ColdkeySwapReannouncementDelay.put(store, duration);
      deposit(events.make.ColdkeySwapReannouncementDelaySet(duration));
    },
  }),
  sudo_set_max_mechanism_count: globalSetter({
    index: 88,
    args: { max_mechanism_count: named("MechId", U8) },
    weight: [140_000_000n],
    run({ store }, { max_mechanism_count: max }) {
      ensure(max > 0 && max <= MAX_MECHANISMS, errors.is.InvalidValue);
      h.MaxMechanismCount.put(store, max);
    },
  }),
};
