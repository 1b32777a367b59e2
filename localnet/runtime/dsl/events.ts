import type { VariantSpec, Variants } from "../../types/composites.ts";
import type { PalletId } from "./pallet.ts";

/** An event as a pallet deposits it: SCALE bytes of the outer `RuntimeEvent`, and a name for people. */
export type RuntimeEvent = { name: string; bytes: Uint8Array };

type EventMakers<V extends Variants> = {
  [Name in keyof V & string]: V[Name] extends VariantSpec<infer T>
    ? [T] extends [undefined]
      ? () => RuntimeEvent
      : (fields: T) => RuntimeEvent
    : never;
};

/** Events of a pallet: what the metadata declares, and one function per event that makes it. */
export type Events<V extends Variants = Variants> = { variants: V; make: EventMakers<V> };

/**
 * Declare the events of a pallet.
 *
 * @example
 *   const events = eventsOf(pallet, { Transfer: variant(2, { from: AccountId, to: AccountId, amount: U64 }) });
 *   context.deposit(events.make.Transfer({ from, to, amount }));
 */
export function eventsOf<const V extends Variants>(pallet: PalletId, variants: V): Events<V> {
  const make = Object.fromEntries(
    Object.entries(variants).map(([name, { index, codec }]) => [
      name,
      (fields: unknown): RuntimeEvent => ({
        name: `${pallet.name}.${name}`,
        bytes: Buffer.concat([Uint8Array.of(pallet.index, index), codec.enc(fields)]),
      }),
    ]),
  );
  return { variants, make: make as EventMakers<V> };
}
