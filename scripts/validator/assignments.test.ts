import { expect, test } from "vitest";
import { isSubforgeError } from "../../shared/errors.ts";
import { assignmentsOf } from "./assignments.ts";

const args = { netuid: undefined, subnet: undefined, template: "inference", preset: undefined, config: {} };

test("a validator works on --netuid, or on each --subnet with what it names", () => {
  expect(assignmentsOf({ ...args, netuid: 2, preset: "tiny" }, "x")).toEqual([
    { netuid: 2, mechanism: 0, template: "inference", config: { preset: "tiny" } },
  ]);
  const subnet = ["2", "2/1", "7:hello", '9/1:hello:{"a":":{}"}'];
  expect(assignmentsOf({ ...args, subnet }, "x")).toEqual([
    { netuid: 2, mechanism: 0, template: "inference", config: {} },
    { netuid: 2, mechanism: 1, template: "inference", config: {} },
    { netuid: 7, mechanism: 0, template: "hello", config: {} },
    { netuid: 9, mechanism: 1, template: "hello", config: { a: ":{}" } },
  ]);
});

test.each([
  [{}, "--netuid is missing"],
  [{ netuid: 2, subnet: ["2"] }, "use one"],
  [{ netuid: 2.5 }, "--netuid must be"],
  [{ subnet: ["two"] }, "is not NETUID"],
  [{ subnet: ["70000"] }, "0 to 65535"],
  [{ subnet: ["2/300"] }, "0 to 255"],
  [{ subnet: ["2:hello:{a}"] }, "does not end with JSON"],
  [{ subnet: ["2", "2/0"] }, "2/0 stands twice"],
])("%j is refused: %s", (change, problem) => {
  try {
    assignmentsOf({ ...args, ...change }, "validator run");
    expect.unreachable();
  } catch (error) {
    expect(isSubforgeError(error, "CLI_USAGE") && error.message).toContain(problem);
  }
});
