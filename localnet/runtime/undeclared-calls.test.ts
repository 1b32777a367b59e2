import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../shared/process-entry.ts";
import { UndecodableExtrinsic } from "../engine.ts";
import { parseMetadata } from "../metadata/conformance.ts";
import { CompactU32 } from "../types/primitives.ts";
import { createPallets } from "./pallets.ts";
import { declareRuntime } from "./runtime-types.ts";
import { UNDECLARED_CALLS } from "./undeclared-calls.ts";

const METADATA = join(packageRoot(), "../shared/spec/subtensor-metadata-424.scale");
const runtime = declareRuntime(createPallets({ slotMs: 12_000 }));

/** What the chain says about an unsigned transaction with this call. */
function refusal(...call: number[]): string {
  const body = Uint8Array.from([4, ...call]);
  try {
    runtime.extrinsics.decode(Uint8Array.from([...CompactU32.encode(body.length), ...body]));
  } catch (error) {
    if (error instanceof UndecodableExtrinsic) return error.message;
    throw error;
  }
  return "decoded";
}

describe("a call that is not modelled", () => {
  const remark = [0, 0, 0];
  const lockStake = [7, 136];
  const account = Array.from({ length: 32 }, () => 1);

  it.each([
    ["alone", lockStake],
    ["under sudo", [12, 0, ...lockStake]],
    ["in a batch behind others", [11, 2, 8, ...remark, ...lockStake]],
    ["through a proxy", [16, 0, 0, ...account, 0, ...lockStake]],
    ["three deep", [12, 0, 11, 0, 4, 16, 0, 0, ...account, 0, ...lockStake]],
  ])("is named %s, with the engine that has it", (_, call) => {
    const message = refusal(...call);
    expect(message).toContain("SubtensorModule.lock_stake");
    expect(message).toContain("subforge chain start --runtime FILE");
  });

  it("is told apart from one that does not exist, and from arguments that are damaged", () => {
    expect(refusal(25, 0)).toContain("BaseFee.set_base_fee_per_gas");
    expect(refusal(7, 250)).toBe(
      "there is no call 250 of SubtensorModule, neither here nor in the runtime that this chain models",
    );
    expect(refusal(99, 0)).toContain("there is no pallet 99");
    expect(refusal(7, 2, 1)).toBe("the arguments of SubtensorModule.add_stake cannot be decoded");
    expect(refusal(12, 0, 7, 2, 1)).toBe("the arguments of SubtensorModule.add_stake cannot be decoded");
    expect(refusal(7)).toBe("there is no call in it");
  });

  // The reference lies beside the project's checkout, never in it.
  it.skipIf(!existsSync(METADATA))("is every call of the real runtime that no pallet declares", () => {
    const real = parseMetadata(readFileSync(METADATA));
    const missing = real.pallets.flatMap(({ name, index, calls }) => {
      const def = calls && real.lookup[calls.type]!.def;
      if (def?.tag !== "variant") return [];
      const declared = runtime.pallets.find((pallet) => pallet.name === name)?.calls ?? {};
      const rest = def.value.filter((variant) => !(variant.name in declared));
      if (rest.length === 0) return [];
      const byIndex = Object.fromEntries(rest.map((variant) => [variant.index, variant.name]));
      return [[index, { name, calls: byIndex }]];
    });
    expect(UNDECLARED_CALLS).toEqual(Object.fromEntries(missing));
  });
});
