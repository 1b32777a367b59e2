import { option, tuple, vec } from "../../../../types/composites.ts";
import { CompactU16, CompactU64 } from "../../../../types/primitives.ts";
import { AccountId } from "../../../../types/substrate-types.ts";
import { apiMethod, type RuntimeApi } from "../../../dsl/pallet.ts";
import { Neurons } from "../neuron-storage.ts";
import { DelegateInfo, delegated, delegateInfo, delegates } from "./delegate-info.ts";

/** Hotkeys that take stake of others. */
export const delegateInfoApi: RuntimeApi = {
  version: 1,
  methods: {
    get_delegates: apiMethod({
      inputs: {},
      output: vec(DelegateInfo),
      run: ({ store: s }) => delegates(s).map((hotkey) => delegateInfo(s, hotkey)),
    }),
    get_delegate: apiMethod({
      inputs: { delegate_account: AccountId },
      output: option(DelegateInfo),
      run: ({ store: s }, { delegate_account }) =>
        Neurons.Delegates.exists(s, delegate_account) ? delegateInfo(s, delegate_account) : undefined,
    }),
    get_delegated: apiMethod({
      inputs: { delegatee_account: AccountId },
      output: vec(tuple(DelegateInfo, tuple(CompactU16, CompactU64))),
      run: ({ store: s }, { delegatee_account }) => delegated(s, delegatee_account),
    }),
  },
};
