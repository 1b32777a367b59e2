import { vec } from "../../../types/composites.ts";
import { U8, U16, U32, U64, U128 } from "../../../types/primitives.ts";
import { AccountId } from "../../../types/substrate-types.ts";
import { named } from "../../../types/type-node.ts";
import { call, weight } from "../../dsl/calls.ts";
import { ensureSigned } from "../../dsl/context.ts";
import { associateHotkey } from "./hotkeys.ts";
import { registerNetwork, startSubnet } from "./register-network.ts";
import { burnedRegister } from "./register-neuron.ts";
import { serveAxon } from "./serve.ts";
import { setWeights } from "./set-weights.ts";
import { addStake, removeStake } from "./staking.ts";
import { AlphaBalance, NetUid, TaoBalance } from "./subtensor-types.ts";

const MechId = named("MechId", U8);

/** What users of the chain do. A call that is missing here is not modelled: the chain refuses it. */
export const calls = {
  set_weights: call({
    index: 0,
    args: { netuid: NetUid, dests: vec(U16), weights: vec(U16), version_key: U64 },
    weight: weight(118_513_610_000n, 10_327_410n),
    pays: "No",
    run(c, { netuid, dests, weights, version_key }) {
      const submitted = { uids: dests, values: weights, versionKey: version_key };
      setWeights(c, ensureSigned(c.origin), netuid, 0, submitted);
    },
  }),
  set_mechanism_weights: call({
    index: 119,
    args: { netuid: NetUid, mecid: MechId, dests: vec(U16), weights: vec(U16), version_key: U64 },
    weight: weight(118_515_000_000n),
    pays: "No",
    run(c, { netuid, mecid, dests, weights, version_key }) {
      const submitted = { uids: dests, values: weights, versionKey: version_key };
      setWeights(c, ensureSigned(c.origin), netuid, mecid, submitted);
    },
  }),
  add_stake: call({
    index: 2,
    args: { hotkey: AccountId, netuid: NetUid, amount_staked: TaoBalance },
    weight: weight(3_064_064_000n, 8_727n),
    run(c, { hotkey, netuid, amount_staked }) {
      addStake(c, ensureSigned(c.origin), hotkey, netuid, amount_staked);
    },
  }),
  remove_stake: call({
    index: 3,
    args: { hotkey: AccountId, netuid: NetUid, amount_unstaked: AlphaBalance },
    weight: weight(2_569_198_000n, 10_557n),
    run(c, { hotkey, netuid, amount_unstaked }) {
      removeStake(c, ensureSigned(c.origin), hotkey, netuid, amount_unstaked);
    },
  }),
  serve_axon: call({
    index: 4,
    args: {
      netuid: NetUid,
      version: U32,
      ip: U128,
      port: U16,
      ip_type: U8,
      protocol: U8,
      placeholder1: U8,
      placeholder2: U8,
    },
    weight: weight(206_278_000n, 4_178n),
    pays: "No",
    run(c, axon) {
      serveAxon(c, ensureSigned(c.origin), axon);
    },
  }),
  burned_register: call({
    index: 7,
    args: { netuid: NetUid, hotkey: AccountId },
    weight: weight(4_086_815_000n, 6_148n),
    run(c, { netuid, hotkey }) {
      burnedRegister(c, ensureSigned(c.origin), netuid, hotkey);
    },
  }),
  register_network: call({
    index: 59,
    args: { hotkey: AccountId },
    weight: weight(6_077_125_000n, 9_947n),
    run(c, { hotkey }) {
      registerNetwork(c, ensureSigned(c.origin), hotkey);
    },
  }),
  try_associate_hotkey: call({
    index: 91,
    args: { hotkey: AccountId },
    weight: weight(400_337_000n, 4_283n),
    run(c, { hotkey }) {
      associateHotkey(c.store, hotkey, ensureSigned(c.origin));
    },
  }),
  start_call: call({
    index: 92,
    args: { netuid: NetUid },
    weight: weight(364_454_000n, 4_583n),
    run(c, { netuid }) {
      startSubnet(c, ensureSigned(c.origin), netuid);
    },
  }),
};
