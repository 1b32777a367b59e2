import { option, variant } from "../../types/composites.ts";
import { AccountId, DispatchResult, MultiAddress, Weight } from "../../types/substrate-types.ts";
import { named } from "../../types/type-node.ts";
import { addWeight, call, weight } from "../dsl/calls.ts";
import { type CallContext, type DispatchOutcome, ensureSigned } from "../dsl/context.ts";
import { ensure, errorsOf } from "../dsl/errors.ts";
import { eventsOf } from "../dsl/events.ts";
import { InvalidTransaction } from "../dsl/invalid-transaction.ts";
import type { Pallet, RuntimeTypes } from "../dsl/pallet.ts";
import { storageOf, value } from "../dsl/storage.ts";
import { lookup } from "./balances.ts";

const id = { name: "Sudo", index: 12 };

const Sudo = storageOf(id, { Key: value(AccountId) });
const errors = errorsOf(id, { RequireSudo: 0 });
const events = eventsOf(id, {
  Sudid: variant(0, { sudo_result: DispatchResult }),
  KeyChanged: variant(1, { old: named("Option<T::AccountId>", option(AccountId)), new: AccountId }),
  SudoAsDone: variant(3, { sudo_result: DispatchResult }),
});

const OVERHEAD = weight(11_000_000n + 25_000_000n, 1_505n);

/** One key may do what only the chain itself may. The call itself succeeds whatever becomes of the inner one. */
export function createSudo(types: RuntimeTypes): Pallet {
  const inner = named("Box<<T as Config>::RuntimeCall>", types.call);
  return {
    ...id,
    path: "pallet_sudo::pallet",
    storage: Sudo,
    errors,
    events,
    calls: {
      sudo: call({
        index: 0,
        args: { call: inner },
        weight: ({ call: of }) => addWeight(OVERHEAD, types.info(of).weight),
        class: ({ call: of }) => types.info(of).class,
        run(c, { call: of }) {
          ensureSudo(c);
          c.deposit(events.make.Sudid({ sudo_result: toResult(c.dispatch(of, { kind: "root" })) }));
          return { pays: "No" };
        },
      }),
      sudo_unchecked_weight: call({
        index: 1,
        args: { call: inner, weight: Weight },
        weight: ({ weight: given }) => given,
        class: ({ call: of }) => types.info(of).class,
        run(c, { call: of }) {
          ensureSudo(c);
          c.deposit(events.make.Sudid({ sudo_result: toResult(c.dispatch(of, { kind: "root" })) }));
          return { pays: "No" };
        },
      }),
      set_key: call({
        index: 2,
        args: { new: MultiAddress },
        weight: OVERHEAD,
        run(c, { new: address }) {
          ensureSudo(c);
          const next = lookup(address);
          c.deposit(events.make.KeyChanged({ old: Sudo.Key.get(c.store), new: next }));
          Sudo.Key.put(c.store, next);
          return { pays: "No" };
        },
      }),
      sudo_as: call({
        index: 3,
        args: { who: MultiAddress, call: inner },
        weight: ({ call: of }) => addWeight(OVERHEAD, types.info(of).weight),
        class: ({ call: of }) => types.info(of).class,
        run(c, { who, call: of }) {
          ensureSudo(c);
          const outcome = c.dispatch(of, { kind: "signed", who: lookup(who) });
          c.deposit(events.make.SudoAsDone({ sudo_result: toResult(outcome) }));
          return { pays: "No" };
        },
      }),
    },
    genesis(c, { sudo }) {
      Sudo.Key.put(c.store, sudo);
    },
    checkTransaction(c, { signer, call: { type } }) {
      if (type === id.name && Sudo.Key.get(c.store) !== signer) throw new InvalidTransaction("BadSigner");
    },
  };
}

function ensureSudo(c: CallContext): void {
  ensure(Sudo.Key.get(c.store) === ensureSigned(c.origin), errors.is.RequireSudo);
}

function toResult(outcome: DispatchOutcome): DispatchResult {
  return outcome.ok ? { type: "Ok", value: undefined } : { type: "Err", value: outcome.error };
}
