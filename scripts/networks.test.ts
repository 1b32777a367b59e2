import { describe, expect, it } from "vitest";
import { assertDevKeyAllowed, chainAt, endpointOf } from "./networks.ts";

const FINNEY = "0x2f0555cc76fc2840a25a6ea3b9637146806f1f44b090c175ffde2a7e5ab36c03";
const OTHER = `0x${"ab".repeat(32)}`;

describe("endpointOf", () => {
  it.each([
    ["local", "ws://127.0.0.1:9944"],
    ["finney", "wss://entrypoint-finney.opentensor.ai:443"],
    ["ws://chain:9944", "ws://chain:9944"],
    ["wss://node.example/path", "wss://node.example/path"],
  ])("%s is %s", (network, endpoint) => {
    expect(endpointOf(network)).toBe(endpoint);
  });

  it.each(["fney", "", "http://node.example", "127.0.0.1:9944", "ws://", "toString", "wss:// x"])(
    "refuses %j",
    (network) => {
      expect(() => endpointOf(network)).toThrow(expect.objectContaining({ code: "CLI_USAGE" }));
    },
  );
});

describe("chainAt", () => {
  it("takes several addresses of one chain, each once, and pins the genesis of a network with a name", () => {
    expect(chainAt("ws://a:1, ws://b:2,ws://a:1")).toEqual({ endpoint: ["ws://a:1", "ws://b:2"] });
    expect(chainAt("finney,wss://own.example")).toEqual({
      endpoint: ["wss://entrypoint-finney.opentensor.ai:443", "wss://own.example"],
      genesis: FINNEY,
    });
  });

  it.each(["finney,test", "ws://a:1,,ws://b:2", "local,fney"])("refuses %j", (network) => {
    expect(() => chainAt(network)).toThrow(expect.objectContaining({ code: "CLI_USAGE" }));
  });
});

describe("assertDevKeyAllowed", () => {
  it("lets development keys sign on a chain of one's own, wherever it is", () => {
    expect(() => assertDevKeyAllowed(OTHER, "ws://127.0.0.1:9944")).not.toThrow();
    expect(() => assertDevKeyAllowed(OTHER, "ws://chain:9944")).not.toThrow();
  });

  it.each([
    ["a public genesis", FINNEY, "ws://127.0.0.1:9944"],
    ["a public genesis in capitals", FINNEY.toUpperCase().replace("0X", "0x"), "ws://127.0.0.1:9944"],
    ["a public address, whatever genesis it tells", OTHER, "wss://entrypoint-finney.opentensor.ai:443"],
    ["a public address among others", OTHER, "wss://own.example,wss://test.finney.opentensor.ai:443"],
    ["the same host on another port", OTHER, "wss://test.finney.opentensor.ai/"],
  ])("refuses them at %s", (_where, genesis, endpoint) => {
    expect(() => assertDevKeyAllowed(genesis, ...endpoint.split(","))).toThrow(
      expect.objectContaining({ code: "WALLET_DEV_KEY_REFUSED" }),
    );
  });
});
