import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSubforgeError } from "../errors.ts";
import { parseMetagraph } from "./parse-metagraph.ts";

const neuron = {
  axon: {
    block: 7,
    version: 1,
    ip: "0x00000000000000000000ffff7f000001",
    port: 8091,
    ipType: 6,
    protocol: 4,
  },
};

function answer(size: number): Record<string, unknown> {
  const column = <T>(value: T): T[] => new Array<T>(size).fill(value);
  return {
    block: 9,
    hotkeys: column("5Fh"),
    coldkeys: column("5Fc"),
    axons: column(neuron.axon),
    active: column(true),
    validatorPermit: column(false),
    lastUpdate: column(3),
    emission: column("0x00000000000000ff"),
    dividends: column(0),
    incentives: column(65_535),
    consensus: column(32_768),
    blockAtRegistration: column(1),
    totalStake: column(1_000),
  };
}

describe("the metagraph", () => {
  it("is read with ratios in 0..1, amounts in rao and textual addresses", () => {
    const { neurons, block } = parseMetagraph(1, answer(2));
    expect(block).toBe(9);
    expect(neurons[1]).toMatchObject({
      uid: 1,
      incentive: 1,
      consensus: 32_768 / 65_535,
      emissionRao: 255n,
      stakeRao: 1_000n,
      axon: { ip: "0:0:0:0:0:ffff:7f00:1", port: 8091 },
    });
  });

  it("has no address for a neuron that never announced one", () => {
    const silent = { ...answer(1), axons: [{ ...neuron.axon, port: 0, ip: 0, block: 0 }] };
    expect(parseMetagraph(1, silent).neurons[0]?.axon).toBeUndefined();
  });

  it("is refused as a whole when a column is shorter than the others", () => {
    expect(codeOf({ ...answer(3), lastUpdate: [1] })).toBe("CHAIN_BAD_ANSWER");
  });

  it("says so when the subnet does not exist", () => {
    expect(codeOf(null)).toBe("CHAIN_NO_SUBNET");
  });

  it("turns anything else into a coded error, never a crash", () => {
    fc.assert(
      fc.property(fc.anything(), fc.constantFrom(...Object.keys(answer(0))), (garbage, key) => {
        expect(["CHAIN_BAD_ANSWER", "CHAIN_NO_SUBNET", undefined]).toContain(
          codeOf({ ...answer(1), [key]: garbage }),
        );
      }),
    );
  });
});

function codeOf(value: unknown): string | undefined {
  try {
    parseMetagraph(1, value);
    return undefined;
  } catch (error) {
    if (!isSubforgeError(error)) throw error;
    return error.code;
  }
}
