import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { areTargets } from "./dispatch-targets.ts";

const SCHEMA = z
  .array(
    z.strictObject({
      hotkey: z.string().max(64),
      ip: z.string().max(64),
      port: z.int().min(0).max(65_535),
      earlier: z
        .record(
          z.string().max(64),
          z.strictObject({ reason: z.enum(["ok", "timeout"]), latencyMs: z.number().min(0) }),
        )
        .optional(),
    }),
  )
  .min(1)
  .max(32);

const text = fc.oneof(
  fc.string({ maxLength: 64 }),
  fc.string({ minLength: 60, maxLength: 70 }),
  fc.jsonValue(),
);
const port = fc.oneof(fc.integer({ min: -2, max: 65_540 }), fc.double(), fc.jsonValue());
const answer = fc.record({
  reason: fc.constantFrom("ok", "timeout", "no reason"),
  latencyMs: fc.oneof(fc.nat(), fc.constantFrom(-1, "1")),
});
const target = fc.record(
  {
    hotkey: text,
    ip: text,
    port,
    earlier: fc.dictionary(fc.string({ maxLength: 70 }), answer),
    other: fc.nat(),
  },
  { requiredKeys: ["hotkey", "ip", "port"] },
);
const good = fc.record({ hotkey: fc.constant("5F"), ip: fc.constant("::1"), port: fc.nat(65_535) });

describe("targets of a job", () => {
  it("are what a schema of the same shape takes, and nothing else", () => {
    const lists = fc.oneof(
      fc.array(good, { maxLength: 34 }),
      fc.array(target, { maxLength: 3 }),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(lists, (list) => {
        const parsed = JSON.parse(JSON.stringify(list)) as unknown; // as they come out of Redis
        expect(areTargets(parsed)).toBe(SCHEMA.safeParse(parsed).success);
      }),
      { numRuns: 500 },
    );
  });
});
