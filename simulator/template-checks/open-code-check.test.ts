import { describe, expect, it } from "vitest";
import type { SubnetTemplate } from "../../shared/template.ts";
import helloSubnet from "../../subnets/hello/index.ts";
import { checkOpenCode } from "./open-code-check.ts";

const hello = helloSubnet as SubnetTemplate;
const NO_SECRET = new Uint8Array(32);

function check(template: SubnetTemplate): Promise<string> {
  return checkOpenCode({ template, config: {}, models: [] });
}

describe("checkOpenCode", () => {
  it("finds nothing of what is asked where questions come from a secret", async () => {
    expect(await check(hello)).toMatch(/^none of \d+ pieces/);
  });

  it.each<[string, SubnetTemplate]>([
    [
      "from the beacon alone",
      {
        ...hello,
        planEpoch: (context, state) => hello.planEpoch({ ...context, secret: NO_SECRET }, state),
      },
    ],
    [
      "from nothing at all",
      {
        ...hello,
        planEpoch: (context, state) =>
          hello.planEpoch({ ...context, epoch: 0, beacon: NO_SECRET, secret: NO_SECRET }, state),
      },
    ],
  ])("finds a template that draws its questions %s", async (_, template) => {
    await expect(check(template)).rejects.toThrow("a row of x of ask can be computed from public data");
  });

  it("finds a later stage whose questions are public before it begins", async () => {
    const staged: SubnetTemplate = {
      ...hello,
      planEpoch: (context, state) => ({
        ...hello.planEpoch(context, state),
        later: [{ stage: "more", at: { afterStage: "ask", blocks: 1 } }],
      }),
      planStage: ({ beacon, ...context }, state) =>
        hello
          .planEpoch({ ...context, beacon, secret: NO_SECRET }, state)
          .jobs.map((job) => ({ ...job, taskId: `more-${job.taskId}` })),
    };
    await expect(check(staged)).rejects.toThrow("can be computed from public data");
  });
});
