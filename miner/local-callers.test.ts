import { describe, expect, test } from "vitest";
import { isFromProgram, localCallers } from "./local-callers.ts";

describe("a port without signatures", () => {
  test.each(["0.0.0.0", "::", "192.168.1.5", "::ffff:192.168.1.5", "localhost", "example.org", ""])(
    "does not listen on %s for everybody",
    (host) => {
      expect(() => localCallers(host, [])).toThrow(expect.objectContaining({ code: "LOCAL_PORT_EXPOSED" }));
    },
  );

  test.each(["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])(
    "listens on %s without a list",
    (host) => {
      expect(localCallers(host, [])("127.0.0.1")).toBe(true);
    },
  );

  test.each(["10.0.0.0/8", "10.0.0", "example.org", "", "*"])("takes exact addresses only, not %s", (one) => {
    expect(() => localCallers("0.0.0.0", ["10.0.0.1", one])).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID" }),
    );
  });

  test.each([
    ["127.0.0.1", true],
    ["::1", true],
    ["::ffff:127.0.0.1", true],
    ["10.0.0.7", true],
    ["::ffff:10.0.0.7", true],
    ["fd00::7", true],
    ["fd00:0:0:0:0:0:0:7", true],
    ["10.0.0.8", false],
    ["::ffff:10.0.0.8", false],
    ["fd00::8", false],
    [undefined, false],
    ["", false],
  ])("lets a caller from %s in: %s", (address, isIn) => {
    expect(localCallers("0.0.0.0", ["10.0.0.7", "fd00::7"])(address)).toBe(isIn);
  });
});

test.each<[string, Parameters<typeof isFromProgram>[0], boolean]>([
  ["by name", { host: "localhost:8000" }, true],
  ["by a name in capitals", { host: "LOCALHOST" }, true],
  ["by address", { host: "127.0.0.1:8000" }, true],
  ["by IPv6 address", { host: "[::1]:8000" }, true],
  ["by the address that was listened on", { host: "10.0.0.1:8000" }, true],
  ["typed into a browser", { host: "localhost:8000", "sec-fetch-site": "none" }, true],
  ["by another address", { host: "10.0.0.2:8000" }, false],
  ["by a name that was rebound", { host: "evil.example:8000" }, false],
  ["by a name that begins well", { host: "localhost.evil.example" }, false],
  ["by a name behind an address", { host: "127.0.0.1:8000@evil.example" }, false],
  ["without a name", {}, false],
  ["of a page elsewhere", { host: "localhost:8000", origin: "https://evil.example" }, false],
  ["of a page of no origin", { host: "localhost:8000", origin: "null" }, false],
  ["of an image elsewhere", { host: "localhost:8000", "sec-fetch-site": "cross-site" }, false],
])("a request %s is a program's: %s", (_what, headers, isProgram) => {
  expect(isFromProgram(headers, "::ffff:10.0.0.1")).toBe(isProgram);
});
