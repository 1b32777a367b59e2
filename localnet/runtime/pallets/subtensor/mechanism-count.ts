import type { Netuid } from "../../../../shared/types.ts";
import type { Context } from "../../dsl/context.ts";
import { ensure } from "../../dsl/errors.ts";
import { Commits } from "./commit-storage.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { storageIndex, subnetExists } from "./subnets.ts";
import { errors } from "./subtensor-id.ts";

/** Uids of all mechanisms of a subnet together. */
const MAX_UIDS = 256;
const TOTAL_SPLIT = 65_535;

/** How many mechanisms a subnet has. What belonged to those that go is forgotten, and the split of emission begins anew. */
export function setMechanismCount({ store: s }: Context, netuid: Netuid, count: number): void {
  ensure(subnetExists(s, netuid), errors.is.MechanismDoesNotExist);
  ensure(count > 0 && count <= Hyperparameters.MaxMechanismCount.get(s), errors.is.InvalidValue);
  const uids = Hyperparameters.MaxAllowedUids.get(s, netuid) * count;
  ensure(uids <= MAX_UIDS, errors.is.TooManyUIDsPerMechanism);

  const before = Hyperparameters.MechanismCountCurrent.get(s, netuid);
  if (before === count) return;
  for (let mechanism = count; mechanism < before; mechanism++) {
    const index = storageIndex(netuid, mechanism);
    Neurons.Weights.clear(s, index);
    Neurons.Bonds.clear(s, index);
    Neurons.Incentive.remove(s, index);
    Neurons.LastUpdate.remove(s, index);
    Commits.WeightCommits.clear(s, index);
    Commits.TimelockedWeightCommits.clear(s, index);
  }
  Hyperparameters.MechanismCountCurrent.put(s, netuid, count);
  Hyperparameters.MechanismEmissionSplit.remove(s, netuid);
}

/** How emission is divided among mechanisms, in parts of 65535; undefined: evenly. */
export function setEmissionSplit({ store: s }: Context, netuid: Netuid, split: number[] | undefined): void {
  ensure(subnetExists(s, netuid), errors.is.MechanismDoesNotExist);
  if (split === undefined) {
    Hyperparameters.MechanismEmissionSplit.remove(s, netuid);
    return;
  }
  const fits = split.length > 0 && split.length <= Hyperparameters.MechanismCountCurrent.get(s, netuid);
  ensure(fits, errors.is.InvalidValue);
  ensure(split.reduce((sum, part) => sum + part, 0) === TOTAL_SPLIT, errors.is.InvalidValue);
  Hyperparameters.MechanismEmissionSplit.put(s, netuid, split);
}
