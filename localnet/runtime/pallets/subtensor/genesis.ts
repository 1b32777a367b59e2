import type { Context } from "../../dsl/context.ts";
import type { GenesisConfig } from "../../dsl/genesis.ts";
import { setFreeBalance } from "../accounts.ts";
import { Balances, changeIssuance } from "../balances.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { Networks } from "./network-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { appendNeuron } from "./neurons.ts";
import { updateSqrtPrices } from "./sqrt-prices.ts";
import { increaseStake } from "./stake.ts";
import { Stakes } from "./stake-storage.ts";
import { ZERO_ACCOUNT } from "./storage-keys.ts";
import { subnetAccount } from "./subnets.ts";
import { ROOT } from "./subtensor-id.ts";
import { tokenSymbol } from "./token-symbol.ts";

const FIRST_SUBNET = 1;
const GENESIS_TEMPO = 100;
const ROOT_SEATS = 64;
const COIN = 1_000_000_000n;

/**
 * The real chain's genesis: root, and subnet 1, which belongs to nobody. Neither is started. Root belongs to the sudo key,
 * as in the fast build of the real chain, so `start_call` by it opens root for stake.
 */
export function buildGenesis(c: Context, { sudo }: GenesisConfig): void {
  const { store: s } = c;
  for (const netuid of [ROOT, FIRST_SUBNET]) {
    Networks.NetworksAdded.put(s, netuid, true);
    Networks.NetworkRegistrationAllowed.put(s, netuid, true);
    Networks.SubnetworkN.put(s, netuid, 0);
    Networks.TokenSymbol.put(s, netuid, tokenSymbol(netuid));
    Hyperparameters.Tempo.put(s, netuid, GENESIS_TEMPO);
  }
  Networks.TotalNetworks.put(s, 2);
  Hyperparameters.MaxAllowedUids.put(s, ROOT, ROOT_SEATS);
  Hyperparameters.MaxAllowedValidators.put(s, ROOT, ROOT_SEATS);
  Hyperparameters.MinAllowedWeights.put(s, ROOT, 0);
  Hyperparameters.TargetRegistrationsPerInterval.put(s, ROOT, 1);
  Networks.SubnetOwner.put(s, ROOT, sudo);
  Networks.SubnetOwnerHotkey.put(s, ROOT, ZERO_ACCOUNT);

  Hyperparameters.MaxAllowedUids.put(s, FIRST_SUBNET, 256);
  Hyperparameters.MaxAllowedValidators.put(s, FIRST_SUBNET, 64);
  Hyperparameters.MinAllowedWeights.put(s, FIRST_SUBNET, 0);
  Networks.SubnetMechanism.put(s, FIRST_SUBNET, 1);
  Networks.SubnetOwner.put(s, FIRST_SUBNET, ZERO_ACCOUNT);
  Stakes.SubnetTAO.put(s, FIRST_SUBNET, 10n * COIN);
  Stakes.SubnetAlphaIn.put(s, FIRST_SUBNET, 10n * COIN);
  Stakes.SubnetAlphaOut.put(s, FIRST_SUBNET, COIN);
  Networks.SubnetLocked.put(s, FIRST_SUBNET, 1n);
  Neurons.Owner.put(s, ZERO_ACCOUNT, ZERO_ACCOUNT);
  increaseStake(s, ZERO_ACCOUNT, ZERO_ACCOUNT, FIRST_SUBNET, COIN);
  appendNeuron(c, FIRST_SUBNET, ZERO_ACCOUNT);

  setFreeBalance(c, subnetAccount(FIRST_SUBNET), 10n * COIN);
  changeIssuance(c, 10n * COIN);
  Stakes.TotalStake.put(s, 10n * COIN);
  Stakes.TotalIssuance.put(s, Balances.TotalIssuance.get(s));
  updateSqrtPrices(c);
}
