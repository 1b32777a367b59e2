import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nearest } from "./nearest.ts";

const commands = ["dev", "chain", "miner", "validator", "wallet", "doctor", "explain"];

describe("nearest", () => {
  it.each([
    ["valdiator", "validator"],
    ["walet", "wallet"],
    ["minr", "miner"],
    ["docter", "doctor"],
    ["chian", "chain"],
  ])("takes %s for %s", (word, meant) => {
    expect(nearest(word, commands)).toBe(meant);
  });

  it.each(["frobnicate", "x", "", "help"])("takes %j for nothing", (word) => {
    expect(nearest(word, commands)).toBeUndefined();
  });

  it("finds a word in which one letter of five or more is wrong", () => {
    const slip = fc.record({
      word: fc.stringMatching(/^[a-z]{5,12}$/),
      at: fc.nat({ max: 4 }),
      letter: fc.constantFrom("#", "0", "-"),
    });
    fc.assert(
      fc.property(slip, ({ word, at, letter }) => {
        const mistyped = word.slice(0, at) + letter + word.slice(at + 1);
        return nearest(mistyped, [word]) === word;
      }),
    );
  });
});
