import { describe, expect, it } from "vitest";
import { referenceOutcomes } from "./reference-outcomes.ts";

describe("reference outcomes", () => {
  it.each(referenceOutcomes().map((outcome) => [outcome.row, outcome] as const))(
    "section 13, %s",
    async (_, { measure, required }) => {
      const { measured, pass } = await measure();
      expect(pass, `required: ${required}; measured: ${measured}`).toBe(true);
    },
  );
});
