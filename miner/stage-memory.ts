import type { Message } from "../shared/template.ts";
import type { Hotkey } from "../shared/types.ts";

const MAX_PER_CALLER = 256;
const MAX_CALLERS = 256;

/** What a miner remembers between the stages of a task. Nobody's entries push out another caller's. */
export class StageMemory {
  readonly #callers = new Map<Hotkey, Map<string, Message>>();

  of(caller: Hotkey): { get(key: string): Message | undefined; set(key: string, value: Message): void } {
    return {
      get: (key) => this.#callers.get(caller)?.get(key),
      set: (key, value) => {
        const entries = this.#callers.get(caller) ?? new Map<string, Message>();
        putLast(this.#callers, caller, entries, MAX_CALLERS);
        putLast(entries, key, value, MAX_PER_CALLER);
      },
    };
  }
}

function putLast<Value>(map: Map<string, Value>, key: string, value: Value, max: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > max) map.delete(map.keys().next().value!);
}
