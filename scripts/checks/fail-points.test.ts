import { expect, it } from "vitest";
import { SubforgeError } from "../../shared/errors.ts";
import { FAIL_POINTS, parseFailPoint } from "../../shared/fail-point.ts";
import { armFromVariables } from "../arm-fail-point.ts";
import { projectFiles, readSource } from "./sources.ts";

const PRODUCT = /^(shared|validator)\//;

it("every fail-point is placed exactly once in product code, and none is unknown", () => {
  const placed = projectFiles(".ts")
    .filter((path) => PRODUCT.test(path) && !path.includes(".test"))
    .flatMap((path) => [...(readSource(path) ?? "").matchAll(/failPoint\("([^"]+)"\)/g)])
    .map(([, name]) => name);
  expect(placed.sort()).toEqual([...FAIL_POINTS].sort());
});

it("a fail-point is named alone or with the time at which it counts", () => {
  expect(parseFailPoint("epoch.plan.inside")).toEqual({ name: "epoch.plan.inside", nth: 1 });
  expect(parseFailPoint("weights.step.inside:3")).toEqual({ name: "weights.step.inside", nth: 3 });
  for (const text of ["", "epoch", "epoch.plan.inside:0", "epoch.plan.inside:1:2", "x".repeat(10_000)]) {
    expect(() => parseFailPoint(text)).toThrow(expect.objectContaining({ code: "FAIL_POINT_UNKNOWN" }));
  }
});

it("a fail-point that was left in the environment of a real validator stops it at its start", () => {
  const variables = { SUBFORGE_FAIL_POINT: "epoch.plan.inside", OTHER: "x" };
  expect(() => armFromVariables(variables)).toThrow(SubforgeError);
  expect(variables).toEqual({ OTHER: "x" });
});
