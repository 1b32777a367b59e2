import { vec } from "../../../types/composites.ts";
import { U8, U16, U64 } from "../../../types/primitives.ts";
import { named } from "../../../types/type-node.ts";
import { call, weight } from "../../dsl/calls.ts";
import { ensureSigned } from "../../dsl/context.ts";
import { identityCalls } from "./identity-calls.ts";
import { registrationCalls } from "./registration-calls.ts";
import { servingCalls } from "./serving-calls.ts";
import { setWeights } from "./set-weights.ts";
import { stakingCalls } from "./staking-calls.ts";
import { NetUid } from "./subtensor-types.ts";

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
  ...stakingCalls,
  ...servingCalls,
  ...registrationCalls,
  ...identityCalls,
};
