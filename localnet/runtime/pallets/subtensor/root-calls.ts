import { btreeSet } from "../../../types/btree.ts";
import { U16, U64 } from "../../../types/primitives.ts";
import { AccountId } from "../../../types/substrate-types.ts";
import { named } from "../../../types/type-node.ts";
import { I96F32 } from "../../consensus/fixed.ts";
import { call, weight } from "../../dsl/calls.ts";
import { ensureRoot, ensureSigned } from "../../dsl/context.ts";
import { ensure } from "../../dsl/errors.ts";
import { claimRoot, setRootClaimType } from "./root-claims.ts";
import { rootRegister } from "./root-register.ts";
import { Stakes } from "./stake-storage.ts";
import { ensureOwnerOrRoot } from "./subnet-owner.ts";
import { errors } from "./subtensor-id.ts";
import { NetUid, RootClaimType } from "./subtensor-types.ts";

/** Automatic claims per block at most. */
const MAX_ROOT_CLAIMS = 50n;
/** Highest threshold of a claim, rao. */
const MAX_THRESHOLD = 10_000_000n;

/** Seats on root, and what stake there earns. */
export const rootCalls = {
  root_register: call({
    index: 62,
    args: { hotkey: AccountId },
    weight: weight(2_178_934_000n, 4_981n),
    run(c, { hotkey }) {
      rootRegister(c, ensureSigned(c.origin), hotkey);
    },
  }),
  claim_root: call({
    index: 121,
    args: { subnets: named("BTreeSet<NetUid>", btreeSet(U16)) },
    weight: weight(938_999_000n, 7_875n),
    run(c, { subnets }) {
      claimRoot(c, ensureSigned(c.origin), subnets);
    },
  }),
  set_root_claim_type: call({
    index: 122,
    args: { new_root_claim_type: RootClaimType },
    weight: weight(468_283_000n, 3_941n),
    run(c, { new_root_claim_type }) {
      setRootClaimType(c, ensureSigned(c.origin), new_root_claim_type);
    },
  }),
  sudo_set_num_root_claims: call({
    index: 123,
    args: { new_value: U64 },
    weight: weight(102_735_000n),
    run(c, { new_value }) {
      ensureRoot(c.origin);
      ensure(new_value <= MAX_ROOT_CLAIMS, errors.is.InvalidNumRootClaim);
      Stakes.NumRootClaim.put(c.store, new_value);
    },
  }),
  sudo_set_root_claim_threshold: call({
    index: 124,
    args: { netuid: NetUid, new_value: U64 },
    weight: weight(105_681_000n),
    run(c, { netuid, new_value }) {
      ensureOwnerOrRoot(c, netuid);
      ensure(new_value <= MAX_THRESHOLD, errors.is.InvalidRootClaimThreshold);
      Stakes.RootClaimableThreshold.put(c.store, netuid, I96F32.fromInteger(new_value));
    },
  }),
};
