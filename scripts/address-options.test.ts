import { expect, it } from "vitest";
import { addressRules, addressWords } from "./address-options.ts";

it("flags about addresses become rules, and reach the workers that are started here", () => {
  const args = { allowPorts: "22", denyPorts: "9000-9100", ownAddress: "203.0.113.7, 2a00::1" };
  expect(addressRules(args)).toEqual({
    ports: { allow: [[22, 22]], deny: [[9_000, 9_100]] },
    ownAddresses: ["203.0.113.7", "2a00::1"],
  });
  expect(addressWords(args).slice(0, 4)).toEqual(["--allow-ports", "22", "--deny-ports", "9000-9100"]);
  expect(addressWords({ allowPorts: "", denyPorts: "", ownAddress: "" })).toEqual([]);
});

it("an own address is a number", () => {
  const args = { allowPorts: "", denyPorts: "", ownAddress: "my.host" };
  expect(() => addressRules(args)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
});
