import { U64F64 } from "../../../types/fixed-point.ts";
import { Bool, Bytes, U16, U64 } from "../../../types/primitives.ts";
import { AccountId } from "../../../types/substrate-types.ts";
import { map, storageOf, value } from "../../dsl/storage.ts";
import { PER_SUBNET, ZERO_ACCOUNT } from "./storage-keys.ts";
import { subtensorId } from "./subtensor-id.ts";
import { RateLimitKey, SubnetIdentityV3 } from "./subtensor-types.ts";

/** Which subnets exist, whose they are, and what registering costs. Amounts are rao. */
export const Networks = storageOf(subtensorId, {
  NetworksAdded: map(PER_SUBNET, Bool, false),
  TotalNetworks: value(U16, 0),
  SubnetworkN: map(PER_SUBNET, U16, 0),
  SubnetLimit: value(U16, 128),
  NetworkRegisteredAt: map(PER_SUBNET, U64, 0n),
  RegisteredSubnetCounter: map(PER_SUBNET, U64, 0n),
  NetworkRegistrationAllowed: map(PER_SUBNET, Bool, true),
  NetworkPowRegistrationAllowed: map(PER_SUBNET, Bool, true),
  NetworkRegistrationStartBlock: value(U64, 0n),
  NetworkRateLimit: value(U64, 7_200n),
  NetworkMinLockCost: value(U64, 1_000_000_000_000n),
  NetworkLastLockCost: value(U64, 1_000_000_000_000n),
  NetworkLockReductionInterval: value(U64, 100_800n),
  NetworkImmunityPeriod: value(U64, 1_296_000n),
  StartCallDelay: value(U64, 0n),
  SubnetOwner: map(PER_SUBNET, AccountId, ZERO_ACCOUNT),
  SubnetOwnerHotkey: map(PER_SUBNET, AccountId, ZERO_ACCOUNT),
  SubnetMechanism: map(PER_SUBNET, U16, 0),
  SubtokenEnabled: map(PER_SUBNET, Bool, false),
  FirstEmissionBlockNumber: map(PER_SUBNET, U64),
  SubnetEmissionEnabled: map(PER_SUBNET, Bool, true),
  SubnetLocked: map(PER_SUBNET, U64, 0n),
  TokenSymbol: map(PER_SUBNET, Bytes, Uint8Array.from([0xf0, 0x9d, 0x9c, 0x8f])),
  SubnetIdentitiesV3: map([["Blake2128Concat", U16]], SubnetIdentityV3),
  Burn: map(PER_SUBNET, U64, 100_000_000n),
  MinBurn: map(PER_SUBNET, U64, 500_000n),
  MaxBurn: map(PER_SUBNET, U64, 100_000_000_000n),
  BurnHalfLife: map(PER_SUBNET, U16, 360),
  BurnIncreaseMult: map(PER_SUBNET, U64F64, 23_242_897_532_874_035_200n),
  RegistrationsThisBlock: map(PER_SUBNET, U16, 0),
  RegistrationsThisInterval: map(PER_SUBNET, U16, 0),
  RAORecycledForRegistration: map(PER_SUBNET, U64, 0n),
  LastRateLimitedBlock: map([["Identity", RateLimitKey]], U64, 0n),
});
