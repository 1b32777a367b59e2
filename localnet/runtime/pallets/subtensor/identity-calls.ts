import { Bytes } from "../../../types/primitives.ts";
import { call, weight } from "../../dsl/calls.ts";
import { ensureSigned } from "../../dsl/context.ts";
import { setIdentity, setSubnetIdentity } from "./identity.ts";
import { NetUid } from "./subtensor-types.ts";

/** Names and addresses that people read. */
export const identityCalls = {
  set_identity: call({
    index: 68,
    args: {
      name: Bytes,
      url: Bytes,
      github_repo: Bytes,
      image: Bytes,
      discord: Bytes,
      description: Bytes,
      additional: Bytes,
    },
    weight: weight(207_040_000n, 6_829n),
    run(c, identity) {
      setIdentity(c, ensureSigned(c.origin), identity);
    },
  }),
  set_subnet_identity: call({
    index: 78,
    args: {
      netuid: NetUid,
      subnet_name: Bytes,
      github_repo: Bytes,
      subnet_contact: Bytes,
      subnet_url: Bytes,
      discord: Bytes,
      description: Bytes,
      logo_url: Bytes,
      additional: Bytes,
    },
    weight: weight(142_513_000n, 4_060n),
    run(c, { netuid, ...identity }) {
      setSubnetIdentity(c, ensureSigned(c.origin), netuid, identity);
    },
  }),
};
