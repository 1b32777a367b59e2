import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_TARGETS, packTargets, unpackTargets } from "./dispatch-targets.ts";

const word = fc.stringMatching(/^[\w.:-]{1,64}$/);
const earlier = fc.dictionary(
  fc.stringMatching(/^[a-z0-9-]{1,64}$/), // ids of tasks
  fc.record(
    { reason: fc.constantFrom("ok", "timeout"), latencyMs: fc.nat(), message: fc.base64String() },
    { requiredKeys: ["reason", "latencyMs"] },
  ),
  { maxKeys: 2 },
);
const target = fc.record(
  { hotkey: word, ip: fc.oneof(fc.ipV4(), fc.ipV6()), port: fc.nat(65_535), earlier },
  { requiredKeys: ["hotkey", "ip", "port"] },
);

describe("targets of a job", () => {
  it("come out as they went in", () => {
    fc.assert(
      fc.property(fc.array(target, { minLength: 1, maxLength: MAX_TARGETS }), (targets) => {
        expect(unpackTargets(packTargets(targets))).toEqual(targets);
      }),
      { numRuns: 30 },
    );
  });

  it("are none when there are too many, or when anything about one is not as it must be", () => {
    const good = { hotkey: "5F", ip: "::1", port: 8091 };
    const packed = packTargets([good]);
    expect(unpackTargets(packTargets(Array.from({ length: MAX_TARGETS }, () => good)))).toHaveLength(32);
    for (const bad of [
      "",
      packTargets(Array.from({ length: MAX_TARGETS + 1 }, () => good)),
      `${packed}\n`,
      `${packed} `,
      `${packed} {`,
      `${packed} []`,
      `${packed} {"t":{"reason":"no reason","latencyMs":1}}`,
      `${packed} {"t":{"reason":"ok","latencyMs":-1}}`,
      `${packed} {"t":{"reason":"ok","latencyMs":1,"other":1}}`,
      `${"x".repeat(65)} ::1 1`,
      "5F ::1 65536",
      "5F ::1 -1",
      "5F ::1 1e3",
      "5F ::1",
      "5F  ::1 1",
    ]) {
      expect(unpackTargets(bad), JSON.stringify(bad)).toBeUndefined();
    }
  });

  it("are never made of anything else, and reading never throws", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" })), (text) => {
        const read = unpackTargets(text);
        if (read) expect(packTargets(read).split("\n")).toHaveLength(read.length);
      }),
    );
  });
});
