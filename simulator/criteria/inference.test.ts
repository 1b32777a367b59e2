import { describe, expect, it } from "vitest";
import type { SubnetTemplate } from "../../shared/template.ts";
import inference from "../../subnets/inference/index.ts";
import { inferenceCriteria } from "./inference.ts";

const criteria = inferenceCriteria(inference as unknown as SubnetTemplate);

describe("section 3, inference", () => {
  it("has a row for each attack of the table, under a name of its own", () => {
    expect(new Set(criteria.map(({ row }) => row)).size).toBe(criteria.length);
    for (const attack of ["copycat", "lazy", "replay", "relay", "sybil", "precomputed", "substitute"]) {
      expect(criteria.some(({ row }) => row.includes(attack))).toBe(true);
    }
  });

  // The other rows take seconds to minutes each: npm run sim -- criteria
  it.each(criteria.filter(({ row }) => /^precomputed/.test(row)).map((c) => [c.row, c] as const))(
    "section 3, %s",
    async (_, { measure }) => {
      expect(await measure()).toMatchObject({ pass: true });
    },
    60_000,
  );
});
