import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Hex } from "../../shared/types.ts";
import { Overlay } from "./overlay.ts";
import { State } from "./state.ts";
import type { Reader, StateKey, Store } from "./store.ts";

const key = fc.constantFrom<StateKey>("0x00", "0x01", "0x0101", "0x0102", "0x02", "0x0201");
type Op = { key: StateKey; value: number | undefined };
const op: fc.Arbitrary<Op> = fc.record({ key, value: fc.option(fc.nat(255), { nil: undefined }) });
const ops = fc.array(op, { maxLength: 12 });

describe("state", () => {
  it("a revert to any block leaves exactly what that block left, roots included", () => {
    fc.assert(
      fc.property(fc.array(ops, { minLength: 1, maxLength: 8 }), fc.nat(), (blocks, pick) => {
        const state = new State();
        const digests = blocks.map((block) => {
          state.block(() => apply(state, block));
          return digestOf(state);
        });
        const target = pick % blocks.length;
        state.revertTo(target);
        expect(digestOf(state)).toBe(digests[target]);
        state.block(() => apply(state, [{ key: "0x03", value: 1 }]));
        state.revertTo(target);
        expect(digestOf(state)).toBe(digests[target]);
      }),
    );
  });

  it("a view of an older block shows that block, in order, whatever came later", () => {
    fc.assert(
      fc.property(fc.array(ops, { minLength: 1, maxLength: 8 }), (blocks) => {
        const state = new State();
        const then = blocks.map((block) => {
          state.block(() => apply(state, block));
          return contents(state);
        });
        for (const [number, expected] of then.entries()) expect(contents(state.at(number))).toEqual(expected);
      }),
    );
  });

  it.each(["state", "overlay"])("a failed transaction of %s leaves nothing, at any depth", (kind) => {
    fc.assert(
      fc.property(ops, ops, ops, (outside, inside, deeper) => {
        const state = new State();
        state.block(() => apply(state, outside));
        state.dryRun(() => {
          const store = kind === "state" ? state : new Overlay(state);
          apply(store, deeper);
          const before = contents(store);
          expect(() =>
            store.transaction(() => {
              apply(store, inside);
              store.transaction(() => apply(store, deeper));
              throw new Error("refused");
            }),
          ).toThrow("refused");
          expect(contents(store)).toEqual(before);
        });
      }),
    );
  });

  it("keys behind a start key come in order and without it", () => {
    const state = new State();
    state.block(() =>
      apply(
        state,
        ["0x0102", "0x0101", "0x02", "0x01"].map((k) => ({ key: k as Hex, value: 1 })),
      ),
    );
    expect([...state.keys("0x01")]).toEqual(["0x01", "0x0101", "0x0102"]);
    expect([...state.keys("0x01", "0x0101")]).toEqual(["0x0102"]);
    expect([...state.keys("0x01", "0x010100")]).toEqual(["0x0102"]);
  });

  it("a dump loaded elsewhere is the same state", () => {
    fc.assert(
      fc.property(ops, ops, (first, second) => {
        const [a, b] = [new State(), new State()];
        a.block(() => apply(a, first));
        b.block(() => apply(b, second));
        b.restore(7, a.lastRoot, a.dump());
        expect(contents(b)).toEqual(contents(a));
        for (const state of [a, b]) state.block(() => apply(state, second));
        expect([b.head, b.oldest, b.lastRoot]).toEqual([8, 7, a.lastRoot]);
        b.revertTo(7);
        a.revertTo(0);
        expect(contents(b)).toEqual(contents(a));
      }),
    );
  });

  it("bytes that are no dump are refused, and change nothing", () => {
    const state = new State();
    state.block(() => state.put("0x01", Uint8Array.of(1)));
    expect(() => state.restore(3, "0x00", Uint8Array.of(8, 4, 1))).toThrow(TypeError);
    expect([state.head, contents(state)]).toEqual([0, [["0x01", 1]]]);
  });

  it("forgets blocks beyond its limit and says so", () => {
    const state = new State(2);
    for (let i = 0; i < 5; i++) state.block(() => apply(state, [{ key: "0x00", value: i }]));
    expect(state.oldest).toBe(3);
    expect(() => state.at(2)).toThrow("no state of block 2");
    expect(state.at(3).get("0x00")).toEqual(Uint8Array.of(3));
  });

  it("refuses a change outside a block", () => {
    expect(() => new State().put("0x00", new Uint8Array(1))).toThrow();
  });
});

function apply(store: Store, changes: readonly Op[]): void {
  for (const { key, value } of changes) {
    if (value === undefined) store.delete(key);
    else store.put(key, Uint8Array.of(value));
  }
}

function contents(reader: Reader): [StateKey, number | undefined][] {
  return [...reader.keys("0x")].map((key) => [key, reader.get(key)?.[0]]);
}

function digestOf(state: State): string {
  return JSON.stringify([state.head, state.root(), contents(state)]);
}
