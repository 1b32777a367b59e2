import { enumeration, option, record, variant, wrapper } from "../../types/composites.ts";
import { Bool, fixedBytes, U32, U64 } from "../../types/primitives.ts";
import { AccountId, boundedBytes, H256 } from "../../types/substrate-types.ts";
import { named } from "../../types/type-node.ts";
import { constant, type Pallet, type RuntimeTypes } from "../dsl/pallet.ts";
import { map, storageOf, value } from "../dsl/storage.ts";

const id = { name: "Crowdloan", index: 27 };

const PalletId = wrapper("frame_support::PalletId", fixedBytes(8));
const Blake2 = record("sp_runtime::traits::BlakeTwo256", {});
const Hash = named("H::Output", H256);
const Balance = named("Balance", U64);
const Account = named("AccountId", AccountId);

/** Money that many collect, as clients look for it. Nobody can start a collection here: there are none. */
export function createCrowdloan(types: RuntimeTypes): Pallet {
  const call = enumeration(
    "frame_support::traits::preimages::Bounded",
    {
      Legacy: variant(0, { hash: Hash }),
      Inline: variant(1, [named("BoundedInline", boundedBytes())]),
      Lookup: variant(2, { hash: Hash, len: U32 }),
    },
    { T: types.call, H: Blake2 },
  );
  const CrowdloanInfo = record(
    "pallet_crowdloan::CrowdloanInfo",
    {
      creator: Account,
      deposit: Balance,
      min_contribution: Balance,
      end: named("BlockNumber", U32),
      cap: Balance,
      funds_account: Account,
      raised: Balance,
      target_address: named("Option<AccountId>", option(AccountId)),
      call: named("Option<Call>", option(call)),
      finalized: Bool,
      contributors_count: U32,
    },
    { AccountId, Balance: U64, BlockNumber: U32, Call: call },
  );
  return {
    ...id,
    path: "pallet_crowdloan::pallet",
    storage: storageOf(id, {
      Crowdloans: map([["Twox64Concat", U32]], CrowdloanInfo),
      NextCrowdloanId: value(U32, 0),
      Contributions: map(
        [
          ["Twox64Concat", U32],
          ["Identity", AccountId],
        ],
        U64,
      ),
    }),
    constants: {
      PalletId: constant(PalletId, "0x62742f636c6f616e"),
      MinimumDeposit: constant(U64, 10_000_000_000n),
      AbsoluteMinimumContribution: constant(U64, 100_000_000n),
      MinimumBlockDuration: constant(U32, 50_400),
      MaximumBlockDuration: constant(U32, 432_000),
      RefundContributorsLimit: constant(U32, 50),
      MaxContributors: constant(U32, 500),
    },
  };
}
