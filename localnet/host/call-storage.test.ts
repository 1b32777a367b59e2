import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Hex } from "../../shared/types.ts";
import { State } from "../state/state.ts";
import { CallStorage } from "./call-storage.ts";

const key = fc.constantFrom<Hex>("0x00", "0x01", "0x0101", "0x0102", "0x02", "0x0201", "0x03");
const step = fc.oneof(
  fc.record({ kind: fc.constant("set" as const), key, value: fc.nat(255) }),
  fc.record({ kind: fc.constant("clear" as const), key }),
  fc.record({ kind: fc.constant("clearPrefix" as const), key }),
  fc.record({ kind: fc.constantFrom("begin" as const, "commit" as const, "rollback" as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

describe("storage of a call", () => {
  it("reads, walks and rolls back like a copy of the state would", () => {
    fc.assert(
      fc.property(fc.array(key), fc.array(step, { maxLength: 40 }), (present, steps) => {
        const state = new State();
        state.block(() => {
          for (const there of present) state.put(there, Uint8Array.of(1));
          const storage = new CallStorage(state);
          const layers = [new Map(present.map((there) => [there, 1]))];
          for (const one of steps) {
            apply(storage, layers, one);
            expect(walk(storage)).toEqual(contents(layers.at(-1)!));
          }
          storage.flush(state);
          const flushed = [...state.keys("0x")].map((there) => [there, state.get(there)![0]]);
          expect(flushed).toEqual(contents(layers[0]!)); // what was left open is dropped
        });
      }),
    );
  });

  it("deletes at most so many keys of the state, but all the call wrote, and says how many were left", () => {
    const state = new State();
    state.block(() => {
      for (const there of ["0x0101", "0x0102", "0x0103", "0x02"] as const) state.put(there, Uint8Array.of(1));
      const storage = new CallStorage(state);
      storage.set("0x0104", Uint8Array.of(1));
      expect(storage.clearPrefix("0x01", 2)).toEqual({ deleted: 2, all: false });
      expect(walk(storage).map(([there]) => there)).toEqual(["0x0103", "0x02"]);
      expect(storage.clearPrefix("0x01")).toEqual({ deleted: 1, all: true });
    });
  });

  it("has another root for other changes, and the same for the same", () => {
    const roots = [1, 2, 1].map((value) => {
      const storage = new CallStorage(new State());
      storage.set("0x00", Uint8Array.of(value));
      return storage.root("0x");
    });
    expect(roots[0]).toBe(roots[2]);
    expect(roots[0]).not.toBe(roots[1]);
  });

  it("stops a runtime that closes what it never opened", () => {
    expect(() => new CallStorage(new State()).commit()).toThrow("never opened");
  });
});

function apply(storage: CallStorage, layers: Map<Hex, number>[], one: Step): void {
  const top = layers.at(-1)!;
  if (one.kind === "set") {
    storage.set(one.key, Uint8Array.of(one.value));
    top.set(one.key, one.value);
  } else if (one.kind === "clear") {
    storage.set(one.key, undefined);
    top.delete(one.key);
  } else if (one.kind === "clearPrefix") {
    storage.clearPrefix(one.key);
    for (const there of [...top.keys()]) if (there.startsWith(one.key)) top.delete(there);
  } else if (one.kind === "begin") {
    storage.begin();
    layers.push(new Map(top));
  } else if (layers.length > 1) {
    layers.pop();
    if (one.kind === "commit") {
      storage.commit();
      layers[layers.length - 1] = top;
    } else storage.rollback();
  }
}

/** All keys and values, found as a runtime finds them: from one key to the next. */
function walk(storage: CallStorage): [Hex, number][] {
  const found: [Hex, number][] = [];
  for (let at = storage.nextKey("0x"); at !== undefined; at = storage.nextKey(at))
    found.push([at, storage.get(at)![0]!]);
  return found;
}

function contents(map: ReadonlyMap<Hex, number>): [Hex, number][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}
