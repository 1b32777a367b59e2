import { describe, expect, it } from "vitest";
import { SubforgeError } from "../../shared/errors.ts";
import { createContext } from "../../simulator/template-checks/field.ts";
import { statesPerMessage } from "./config.ts";
import template from "./index.ts";
import { drawJobs } from "./job.ts";
import { parseJob } from "./job-facts.ts";

describe("a configuration of training-proof", () => {
  it("is refused when no solver could show a state of its network", () => {
    const tooLarge = () => template.parseConfig({ dims: [2_048, 512, 10] });
    expect(tooLarge).toThrow(SubforgeError);
    expect(tooLarge).toThrow(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        details: expect.objectContaining({
          problems: ["dims: a state of this network does not fit into a message of 8 MiB"],
        }),
      }),
    );
  });

  it("may have the largest network of which one state fits, and no larger one", () => {
    // 4 bytes for each weight and each velocity, twice, and 8 KiB around them: 8 MiB holds 523,776 parameters.
    const largest = { family: "mlp", dims: [523_775, 1] } as const;
    expect(statesPerMessage(largest)).toBe(1);
    expect(statesPerMessage({ ...largest, dims: [523_776, 1] })).toBe(0);
  });

  it("is held against the job that a solver is offered, too", () => {
    const config = template.parseConfig({});
    const { job } = drawJobs(createContext(["5A"], 0, "tests", config))[0]!;
    expect(parseJob(job)).toEqual(job);
    expect(() => parseJob({ ...job, dims: [2_048, 512, 10] })).toThrow("does not fit into a message");
  });
});
