import type { Rao } from "../../../shared/types.ts";
import type { Account } from "./context.ts";

/** What block 0 is made from. Equal configurations give equal genesis hashes. */
export type GenesisConfig = {
  balances: readonly { account: Account; rao: Rao }[];
  sudo: Account;
};
