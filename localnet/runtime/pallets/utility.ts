import { variant, vec } from "../../types/composites.ts";
import { U32 } from "../../types/primitives.ts";
import { DispatchError } from "../../types/substrate-types.ts";
import { named } from "../../types/type-node.ts";
import { addWeight, type Call, call, weight } from "../dsl/calls.ts";
import type { CallContext, RuntimeCall } from "../dsl/context.ts";
import { DispatchFailure, ensure, errorsOf } from "../dsl/errors.ts";
import { eventsOf } from "../dsl/events.ts";
import { constant, type Pallet, type RuntimeTypes } from "../dsl/pallet.ts";
import { systemErrors } from "./system-storage.ts";

const id = { name: "Utility", index: 11 };

/** Calls one batch may hold. */
const BATCH_LIMIT = 10_922;

const errors = errorsOf(id, { TooManyCalls: 0, InvalidDerivedAccount: 1 });
const events = eventsOf(id, {
  BatchInterrupted: variant(0, { index: U32, error: DispatchError }),
  BatchCompleted: variant(1),
  BatchCompletedWithErrors: variant(2),
  ItemCompleted: variant(3),
  ItemFailed: variant(4, { error: DispatchError }),
});

/** Several calls in one transaction. */
export function createUtility(types: RuntimeTypes): Pallet {
  return {
    ...id,
    path: "pallet_subtensor_utility::pallet",
    generics: { event: [] },
    errors,
    events,
    constants: { batched_calls_limit: constant(U32, BATCH_LIMIT) },
    calls: {
      batch: createBatch(types, 0, 69_446_696n, (c, calls) => {
        for (const [index, of] of calls.entries()) {
          const outcome = c.dispatch(of, c.origin);
          if (!outcome.ok) {
            c.deposit(events.make.BatchInterrupted({ index, error: outcome.error }));
            return;
          }
          c.deposit(events.make.ItemCompleted());
        }
        c.deposit(events.make.BatchCompleted());
      }),
      batch_all: createBatch(types, 2, 63_428_230n, (c, calls) => {
        for (const of of calls) {
          const outcome = c.dispatch(of, c.origin);
          if (!outcome.ok) throw new DispatchFailure(outcome.error, outcome.name);
          c.deposit(events.make.ItemCompleted());
        }
        c.deposit(events.make.BatchCompleted());
      }),
      force_batch: createBatch(types, 4, 62_134_867n, (c, calls) => {
        let failed = false;
        for (const of of calls) {
          const outcome = c.dispatch(of, c.origin);
          failed ||= !outcome.ok;
          c.deposit(
            outcome.ok ? events.make.ItemCompleted() : events.make.ItemFailed({ error: outcome.error }),
          );
        }
        c.deposit(failed ? events.make.BatchCompletedWithErrors() : events.make.BatchCompleted());
      }),
    },
  };
}

function createBatch(
  types: RuntimeTypes,
  index: number,
  refTime: bigint,
  run: (c: CallContext, calls: readonly RuntimeCall[]) => void,
): Call {
  return call({
    index,
    args: { calls: named("Vec<<T as Config>::RuntimeCall>", vec(types.call)) },
    weight: ({ calls }) =>
      calls.map((of) => types.info(of).weight).reduce(addWeight, weight(refTime, 3_983n)),
    class: ({ calls }) =>
      calls.length > 0 && calls.every((of) => types.info(of).class === "Operational")
        ? "Operational"
        : "Normal",
    run(c, { calls }) {
      // A batch directly inside a batch: the chain filters the outer one, whole. Root is not filtered.
      ensure(c.origin.kind !== "signed" || !calls.some(isBatch), systemErrors.is.CallFiltered);
      ensure(c.origin.kind !== "none", { type: "BadOrigin" });
      ensure(calls.length <= BATCH_LIMIT, errors.is.TooManyCalls);
      run(c, calls);
      return undefined;
    },
  });
}

function isBatch({ type, value }: RuntimeCall): boolean {
  return type === id.name && ["batch", "batch_all", "force_batch"].includes(value.type);
}
