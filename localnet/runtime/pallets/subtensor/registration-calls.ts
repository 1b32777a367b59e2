import { option } from "../../../types/composites.ts";
import { Bool, Bytes, U64 } from "../../../types/primitives.ts";
import { AccountId } from "../../../types/substrate-types.ts";
import { named } from "../../../types/type-node.ts";
import { call, weight } from "../../dsl/calls.ts";
import { ensureSigned } from "../../dsl/context.ts";
import { associateHotkey } from "./hotkeys.ts";
import { registerNetwork, startSubnet } from "./register-network.ts";
import { burnedRegister, registerWithin } from "./register-neuron.ts";
import { NetUid, SubnetIdentityV3 } from "./subtensor-types.ts";
import { swapHotkey } from "./swap-hotkey.ts";

const MaybeNetUid = named("Option<NetUid>", option(NetUid));

/** How hotkeys and subnets come to be, and how a hotkey is exchanged for another. */
export const registrationCalls = {
  register: call({
    index: 6,
    args: {
      netuid: NetUid,
      block_number: U64,
      nonce: U64,
      work: Bytes,
      hotkey: AccountId,
      coldkey: AccountId,
    },
    weight: weight(4_099_872_000n, 6_148n),
    run(c, { netuid, hotkey }) {
      burnedRegister(c, ensureSigned(c.origin), netuid, hotkey); // no work is asked for any more, as on chain
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
  register_limit: call({
    index: 134,
    args: { netuid: NetUid, hotkey: AccountId, limit_price: U64 },
    weight: weight(5_529_200_000n),
    run(c, { netuid, hotkey, limit_price }) {
      registerWithin(c, ensureSigned(c.origin), netuid, hotkey, limit_price);
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
  register_network_with_identity: call({
    index: 79,
    args: { hotkey: AccountId, identity: named("Option<SubnetIdentityOfV3>", option(SubnetIdentityV3)) },
    weight: weight(5_950_041_000n, 9_883n),
    run(c, { hotkey, identity }) {
      registerNetwork(c, ensureSigned(c.origin), hotkey, identity);
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
  try_associate_hotkey: call({
    index: 91,
    args: { hotkey: AccountId },
    weight: weight(400_337_000n, 4_283n),
    run(c, { hotkey }) {
      associateHotkey(c.store, hotkey, ensureSigned(c.origin));
    },
  }),
  swap_hotkey: call({
    index: 70,
    args: { hotkey: AccountId, new_hotkey: AccountId, netuid: MaybeNetUid },
    weight: weight(15_692_038_000n, 28_912n),
    run(c, { hotkey, new_hotkey, netuid }) {
      swapHotkey(c, ensureSigned(c.origin), { from: hotkey, to: new_hotkey, netuid, keepStake: false });
    },
  }),
  swap_hotkey_v2: call({
    index: 72,
    args: { hotkey: AccountId, new_hotkey: AccountId, netuid: MaybeNetUid, keep_stake: Bool },
    weight: weight(5_075_300_000n),
    run(c, { hotkey, new_hotkey, netuid, keep_stake }) {
      const swap = { from: hotkey, to: new_hotkey, netuid, keepStake: keep_stake };
      swapHotkey(c, ensureSigned(c.origin), swap);
    },
  }),
};
