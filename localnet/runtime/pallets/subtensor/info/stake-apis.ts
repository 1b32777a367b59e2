import type { Netuid } from "../../../../../shared/types.ts";
import type { Reader } from "../../../../state/store.ts";
import { btreeMap } from "../../../../types/btree.ts";
import { option, tuple, vec } from "../../../../types/composites.ts";
import { U64F64 } from "../../../../types/fixed-point.ts";
import { U16, U64 } from "../../../../types/primitives.ts";
import { AccountId } from "../../../../types/substrate-types.ts";
import { apiMethod, type RuntimeApi } from "../../../dsl/pallet.ts";
import { LockState } from "../lock-storage.ts";
import { subnetExists, subnetIds } from "../subnets.ts";
import { NetUid } from "../subtensor-types.ts";
import { feeIn } from "../swaps.ts";
import { StakeAvailability, StakeInfo, stakeAvailability, stakeInfo, stakesOfColdkey } from "./stake-info.ts";

const Stake = option(tuple(AccountId, U16));

/** Who staked how much with whom. */
export const stakeInfoApi: RuntimeApi = {
  version: 1,
  methods: {
    get_stake_info_for_coldkey: apiMethod({
      inputs: { coldkey_account: AccountId },
      output: vec(StakeInfo),
      run: ({ store: s }, { coldkey_account }) => stakesOfColdkey(s, coldkey_account),
    }),
    get_stake_info_for_coldkeys: apiMethod({
      inputs: { coldkey_accounts: vec(AccountId) },
      output: vec(tuple(AccountId, vec(StakeInfo))),
      run: ({ store: s }, { coldkey_accounts }) =>
        coldkey_accounts.map((coldkey) => [coldkey, stakesOfColdkey(s, coldkey)]),
    }),
    get_stake_info_for_hotkey_coldkey_netuid: apiMethod({
      inputs: { hotkey_account: AccountId, coldkey_account: AccountId, netuid: NetUid },
      output: option(StakeInfo),
      run: ({ store: s }, { hotkey_account, coldkey_account, netuid }) =>
        stakeInfo(s, hotkey_account, coldkey_account, netuid),
    }),
    get_stake_availability_for_coldkeys: apiMethod({
      inputs: { coldkey_accounts: vec(AccountId), netuids: option(vec(U16)) },
      output: btreeMap(AccountId, btreeMap(U16, StakeAvailability)),
      run({ store: s }, { coldkey_accounts, netuids }) {
        const asked = askedSubnets(s, netuids);
        return new Map(coldkey_accounts.map((coldkey) => [coldkey, stakeAvailability(s, coldkey, asked)]));
      },
    }),
    get_stake_fee: apiMethod({
      inputs: {
        origin: Stake,
        origin_coldkey_account: AccountId,
        destination: Stake,
        destination_coldkey_account: AccountId,
        amount: U64,
      },
      output: U64,
      run({ store: s }, { origin, destination, amount }) {
        const [hotkey, netuid = 0] = destination ?? origin ?? [];
        const stays = hotkey === origin?.[0] && netuid === origin?.[1];
        return stays || (origin === undefined && destination === undefined) ? 0n : feeIn(s, netuid, amount);
      },
    }),
    // Nobody can lock stake here.
    get_coldkey_lock: apiMethod({
      inputs: { coldkey: AccountId, netuid: NetUid },
      output: option(LockState),
      run: () => undefined,
    }),
    get_hotkey_conviction: apiMethod({
      inputs: { hotkey: AccountId, netuid: NetUid },
      output: U64F64,
      run: () => 0n,
    }),
    get_most_convicted_hotkey_on_subnet: apiMethod({
      inputs: { netuid: NetUid },
      output: option(AccountId),
      run: () => undefined,
    }),
  },
};

/** All when nothing was named. More names than there are subnets, or none in the list, are answered with nothing. */
function askedSubnets(s: Reader, netuids: readonly Netuid[] | undefined): Netuid[] {
  const existing = subnetIds(s);
  if (netuids === undefined) return existing;
  const asked = [...new Set(netuids)];
  return asked.length > existing.length ? [] : asked.filter((netuid) => subnetExists(s, netuid));
}
