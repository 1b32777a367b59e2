import type { Pallet } from "../../dsl/pallet.ts";
import { stepBlock } from "./block-step.ts";
import { Commits } from "./commit-storage.ts";
import { buildGenesis } from "./genesis.ts";
import { checkGuards, checkGuardsOfTransaction } from "./guards.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { apis } from "./info/subtensor-apis.ts";
import { LaterRules } from "./later-storage.ts";
import { Locks } from "./lock-storage.ts";
import { Networks } from "./network-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { updateSqrtPrices } from "./sqrt-prices.ts";
import { Stakes } from "./stake-storage.ts";
import { calls } from "./subtensor-calls.ts";
import { constants } from "./subtensor-constants.ts";
import { events } from "./subtensor-events.ts";
import { errors, subtensorId } from "./subtensor-id.ts";
import { Vestiges } from "./vestigial-storage.ts";

/** Subnets: who is registered, who stakes, what they say of each other, and what they earn. */
export const subtensor: Pallet = {
  ...subtensorId,
  path: "pallet_subtensor::pallet",
  storage: {
    ...Networks,
    ...Neurons,
    ...Hyperparameters,
    ...Stakes,
    ...Commits,
    ...Vestiges,
    ...Locks,
    ...LaterRules,
  },
  calls,
  events,
  errors,
  constants,
  apis,
  genesis: buildGenesis,
  onInitialize: stepBlock,
  onFinalize: updateSqrtPrices,
  checkTransaction: (c, { signer, call }) => checkGuardsOfTransaction(c, signer, call),
  checkDispatch(c, call) {
    if (c.origin.kind === "signed") checkGuards(c, c.origin.who, call);
  },
};
