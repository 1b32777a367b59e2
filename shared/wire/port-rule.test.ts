import { describe, expect, it } from "vitest";
import { checkAddress } from "./address-policy.ts";
import { isPortAllowed, parsePortRanges } from "./port-rule.ts";

describe("the port of a miner", () => {
  it.each([22, 25, 53, 111, 445, 1023, 2375, 3306, 5432, 6379, 9200, 9944, 11_211, 27_017])(
    "is refused where infrastructure listens: %d",
    (port) => expect(isPortAllowed(port)).toBe(false),
  );

  it.each([80, 443, 1024, 8_091, 50_000, 65_535])("may be %d", (port) => {
    expect(isPortAllowed(port)).toBe(true);
  });

  it("is what the operator says: denied beats allowed, and both beat the list", () => {
    const rule = {
      allow: parsePortRanges("22,6000-7000", "--allow-ports"),
      deny: parsePortRanges("6500", "--deny-ports"),
    };
    expect([22, 6_379, 6_500, 25, 8_091].map((port) => isPortAllowed(port, rule))).toEqual([
      ...[true, true, false, false, true],
    ]);
    const policy = { allowPrivate: false, ports: rule };
    expect(checkAddress("8.8.8.8", 22, policy).ok).toBe(true);
    expect(checkAddress("8.8.8.8", 6_500, policy)).toEqual({ ok: false, why: "port" });
  });
});

describe("ports on a command line", () => {
  it("are numbers and ranges, blanks ignored", () => {
    expect(parsePortRanges(" 22, 8000-8100 ,", "--allow-ports")).toEqual([
      [22, 22],
      [8_000, 8_100],
    ]);
    expect(parsePortRanges("", "--allow-ports")).toEqual([]);
  });

  it.each(["0", "65536", "9-3", "ssh", "-1", "1-", "1e3", "80;81"])(
    "are refused when they are none: %s",
    (text) => {
      expect(() => parsePortRanges(text, "--allow-ports")).toThrow(
        expect.objectContaining({ code: "CONFIG_INVALID" }),
      );
    },
  );
});
