import { coldkeyCalls } from "./coldkey-calls.ts";
import { delegationCalls } from "./delegation-calls.ts";
import { identityCalls } from "./identity-calls.ts";
import { registrationCalls } from "./registration-calls.ts";
import { rootCalls } from "./root-calls.ts";
import { servingCalls } from "./serving-calls.ts";
import { stakingCalls } from "./staking-calls.ts";
import { subnetCalls } from "./subnet-calls.ts";
import { weightCalls } from "./weight-calls.ts";

/** What users of the chain do. A call that is missing here is not modelled: the chain refuses it. */
export const calls = {
  ...weightCalls,
  ...stakingCalls,
  ...servingCalls,
  ...registrationCalls,
  ...identityCalls,
  ...delegationCalls,
  ...rootCalls,
  ...subnetCalls,
  ...coldkeyCalls,
};
