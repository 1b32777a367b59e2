import { describe, expect, it } from "vitest";
import type { EpochHead } from "../shared/journal/epoch-rows.ts";
import type { SubnetTemplate } from "../shared/template.ts";
import { Subject, type SubjectDeps } from "./subject.ts";

const template = { id: "doubling", version: "1" } as SubnetTemplate;
const subjectOf = (code: string | undefined) =>
  new Subject({ ...{ netuid: 2, mechanism: 0, config: {} }, template, code } as SubjectDeps);
const planned = { template: "doubling", version: "1" } as EpochHead;

describe("what planned an epoch", () => {
  it.each([
    ["the same code", "aa", { code: "aa" }, false],
    ["other code under the same version", "aa", { code: "bb" }, true],
    ["another version", "aa", { version: "2" }, true],
    ["another template", "aa", { template: "halving" }, true],
    ["an older release, which did not write down its code", "aa", { code: undefined }, false],
    ["a build that does not know its own code", undefined, { code: "aa" }, false],
  ] as const)("V19: %s", (_, code, changed, isForeign) => {
    expect(subjectOf(code).isForeign({ ...planned, ...changed })).toBe(isForeign);
    expect(subjectOf(code).stamp().code).toBe(code);
  });
});
