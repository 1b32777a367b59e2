import { CompactU32 } from "../types/primitives.ts";
import type { ValueOf } from "../types/type-node.ts";
import type { RuntimeEvent } from "./dsl/events.ts";
import { Phase } from "./pallets/system.ts";

/** An empty list of topics, which every event ends with. */
const NO_TOPICS = Uint8Array.of(0);

/** Events of the block that is being made, each with the phase it happened in. */
export class EventLog {
  #records: Uint8Array[] = [];
  #phase: Uint8Array = Phase.encode({ type: "Initialization" });

  /** How many there are: hand it to `rewind` to drop what came later. */
  get count(): number {
    return this.#records.length;
  }

  begin(phase: ValueOf<typeof Phase>): void {
    this.#phase = Phase.encode(phase);
  }

  deposit(event: RuntimeEvent): void {
    this.#records.push(Buffer.concat([this.#phase, event.bytes, NO_TOPICS]));
  }

  rewind(count: number): void {
    this.#records.length = count;
  }

  /** As `System.Events` stores them. */
  encode(): Uint8Array {
    return new Uint8Array(Buffer.concat([CompactU32.encode(this.#records.length), ...this.#records]));
  }
}
