import { expect, it } from "vitest";
import { agentParams } from "./agent-params.ts";

const agent = {
  name: "copycat",
  params: { noise: { default: 0.1, min: 0, max: 0.3, describe: "in log-probability" } },
};

it("gives every dial a value, and refuses one that is not there or out of its bounds", () => {
  expect(agentParams(agent)).toEqual({ noise: 0.1 });
  expect(agentParams(agent, { noise: 0 })).toEqual({ noise: 0 });
  expect(agentParams({ name: "plain" })).toEqual({});
  const wrong: Record<string, number>[] = [{ noise: 0.4 }, { noise: Number.NaN }, { toString: 1 }];
  for (const chosen of wrong) {
    expect(() => agentParams(agent, chosen)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  }
});
