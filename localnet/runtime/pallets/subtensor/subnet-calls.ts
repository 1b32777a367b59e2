import { Bytes, U16, U32 } from "../../../types/primitives.ts";
import { AccountId } from "../../../types/substrate-types.ts";
import { call, weight } from "../../dsl/calls.ts";
import { ensureRoot } from "../../dsl/context.ts";
import { ensure } from "../../dsl/errors.ts";
import { Networks } from "./network-storage.ts";
import { setActivityCutoffFactor, setTempo, triggerEpoch } from "./owner-schedule.ts";
import { removeSubnet } from "./remove-subnet.ts";
import { ensureOwnerOrRoot } from "./subnet-owner.ts";
import { events } from "./subtensor-events.ts";
import { errors } from "./subtensor-id.ts";
import { NetUid } from "./subtensor-types.ts";
import { isSymbol, isSymbolTaken } from "./token-symbol.ts";

/** What owners and root do with a subnet as a whole. */
export const subnetCalls = {
  dissolve_network: call({
    index: 61,
    args: { coldkey: AccountId, netuid: NetUid },
    weight: weight(3_369_000_000n),
    run(c, { netuid }) {
      ensureRoot(c.origin);
      removeSubnet(c, netuid);
    },
  }),
  root_dissolve_network: call({
    index: 120,
    args: { netuid: NetUid },
    weight: weight(3_369_000_000n),
    run(c, { netuid }) {
      ensureRoot(c.origin);
      removeSubnet(c, netuid);
    },
  }),
  update_symbol: call({
    index: 112,
    args: { netuid: NetUid, symbol: Bytes },
    weight: weight(228_313_000n, 9_074n),
    run(c, { netuid, symbol }) {
      ensureOwnerOrRoot(c, netuid);
      ensure(isSymbol(symbol), errors.is.SymbolDoesNotExist);
      ensure(!isSymbolTaken(c.store, symbol), errors.is.SymbolAlreadyInUse);
      Networks.TokenSymbol.put(c.store, netuid, symbol);
      c.deposit(events.make.SymbolUpdated({ netuid, symbol }));
    },
  }),
  set_tempo: call({
    index: 139,
    args: { netuid: NetUid, tempo: U16 },
    weight: weight(496_407_000n, 4_440n),
    run(c, { netuid, tempo }) {
      setTempo(c, netuid, tempo);
    },
  }),
  set_activity_cutoff_factor: call({
    index: 140,
    args: { netuid: NetUid, factor_milli: U32 },
    weight: weight(414_193_000n, 4_364n),
    run(c, { netuid, factor_milli }) {
      setActivityCutoffFactor(c, netuid, factor_milli);
    },
  }),
  trigger_epoch: call({
    index: 141,
    args: { netuid: NetUid },
    weight: weight(442_539_000n, 4_447n),
    run(c, { netuid }) {
      triggerEpoch(c, netuid);
    },
  }),
};
