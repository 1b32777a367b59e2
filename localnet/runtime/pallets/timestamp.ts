import { Bool, CompactU64, U64 } from "../../types/primitives.ts";
import { named } from "../../types/type-node.ts";
import { call, weight } from "../dsl/calls.ts";
import { ensure } from "../dsl/errors.ts";
import { constant, type Pallet } from "../dsl/pallet.ts";
import { storageOf, value } from "../dsl/storage.ts";

const id = { name: "Timestamp", index: 2 };

/** Unix milliseconds of the present block. */
export const Timestamp = storageOf(id, { Now: value(U64, 0n), DidUpdate: value(Bool, false) });

/** @param slotMs - Time between blocks; two blocks are at least half of it apart. */
export function createTimestamp(slotMs: number): Pallet {
  const minimumPeriod = BigInt(Math.floor(slotMs / 2));
  return {
    ...id,
    path: "pallet_timestamp::pallet",
    storage: Timestamp,
    constants: { MinimumPeriod: constant(U64, minimumPeriod) },
    calls: {
      set: call({
        index: 0,
        args: { now: named("T::Moment", CompactU64) },
        weight: weight(160_000_000n, 1_493n),
        class: "Mandatory",
        run(c, { now }) {
          ensure(c.origin.kind === "none", { type: "BadOrigin" });
          const before = Timestamp.Now.get(c.store);
          if (Timestamp.DidUpdate.get(c.store)) throw new Error("the time was already set in this block");
          if (before !== 0n && now < before + minimumPeriod)
            throw new Error(`time ${now} is less than ${minimumPeriod} ms after ${before}`);
          Timestamp.Now.put(c.store, now);
          Timestamp.DidUpdate.put(c.store, true);
        },
      }),
    },
    onFinalize(c) {
      Timestamp.DidUpdate.remove(c.store);
    },
  };
}
