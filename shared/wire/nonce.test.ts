import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../process-entry.ts";
import { createNonceSource, unixNs } from "./nonce.ts";

const file = join(packageRoot(), "../shared/vectors/btauth/client_nonce.json");
const absent = existsSync(file) ? "" : " (skipped: the vectors are not part of a public clone)";

describe("the nonces of one signer", () => {
  test.skipIf(absent)(`follow the clock as in the vectors${absent}`, () => {
    const { rows, step_back_row } = JSON.parse(readFileSync(file, "utf8"));
    for (const { clock_ns, nonces } of [...rows, step_back_row]) {
      const ticks = [...clock_ns];
      const next = createNonceSource(() => BigInt(ticks.shift()));
      expect(clock_ns.map(() => next().toString())).toEqual(nonces);
    }
  });

  test("never repeat", () => {
    const next = createNonceSource(() => unixNs(1_700_000_000_000));
    expect(new Set(Array.from({ length: 1_000 }, next)).size).toBe(1_000);
  });
});
