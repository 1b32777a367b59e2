import type { Pallet } from "../../dsl/pallet.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { Networks } from "./network-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { Stakes } from "./stake-storage.ts";
import { constants } from "./subtensor-constants.ts";
import { events } from "./subtensor-events.ts";
import { errors, subtensorId } from "./subtensor-id.ts";

export const subtensor: Pallet = {
  ...subtensorId,
  path: "pallet_subtensor::pallet",
  storage: { ...Networks, ...Neurons, ...Hyperparameters, ...Stakes },
  events,
  errors,
  constants,
};
