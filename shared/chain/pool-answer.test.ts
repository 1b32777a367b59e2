import { describe, expect, it } from "vitest";
import { fromPoolError } from "./pool-answer.ts";

const about = { call: "subtensorModule.setWeights", extrinsicHash: "0xaa" } as const;

describe("an error of author_submitExtrinsic", () => {
  it.each([
    ["1010: Invalid Transaction: Custom error: 6", 1010, /rate limit/],
    ["1010: Invalid Transaction: Transaction is outdated", 1010, /outdated/],
    [
      "1010: Invalid Transaction: Inability to pay some fees (e.g. account balance too low)",
      1010,
      /balance too low/,
    ],
    ["1012: Transaction is temporarily banned", 1012, /banned/],
    ["1014: Priority is too low: (1 vs 1)", 1014, /Priority/],
    ["1016: Immediately Dropped", 1016, /Dropped/],
  ])("%s is a refusal: nothing will be included", (message, code, reason) => {
    const error = fromPoolError(new Error(message), about);
    expect(error.code).toBe("CHAIN_CALL_REFUSED");
    expect(error.details).toMatchObject({ code });
    expect(error.message).toMatch(reason);
  });

  it("reads code and data where the client kept them apart", () => {
    const rpc = Object.assign(new Error("Invalid Transaction"), { code: 1010, data: "Custom error: 10" });
    expect(fromPoolError(rpc, about).message).toMatch(/not registered/);
  });

  it.each([
    ["the call is in the pool already", new Error("1013: Transaction Already Imported: 0xaa")],
    [
      "the connection broke after it was sent",
      new Error("disconnected from ws://127.0.0.1:9944: 1006:: Abnormal Closure"),
    ],
    ["no answer came", new Error("No response received from RPC endpoint in 15s")],
    ["something that is no error was thrown", "gone"],
  ])("leaves the outcome open when %s", (_, error) => {
    expect(fromPoolError(error, about).code).toBe("CHAIN_OUTCOME_UNKNOWN");
  });
});
