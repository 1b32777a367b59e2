import { describe, expect, it } from "vitest";
import { measureAuditCost } from "./audits.ts";
import { trainingProofCriteria } from "./criteria.ts";
import { measureForgery } from "./forged.ts";

describe("the table of section 6", () => {
  it("has a row for each line and each forgery, under a name of its own", () => {
    const rows = trainingProofCriteria.map(({ row }) => row);
    expect(new Set(rows).size).toBe(rows.length);
    for (const letter of "abcdefgh")
      expect(rows.some((row) => row.startsWith(`forgery ${letter}`))).toBe(true);
  });

  it("section 6, audit cost: stays within a twentieth of the training", async () => {
    expect(await measureAuditCost()).toMatchObject({ pass: true });
  });

  // The other rows take minutes: npm run sim -- criteria --nightly
  it("section 6, forgery b: is never accepted where an audit met it", async () => {
    expect(await measureForgery("b", 2)).toEqual({ rejected: 2, missed: 0 });
  });
});
