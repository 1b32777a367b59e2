import { describe, test } from "vitest";
import { subnetVectors } from "../../../shared/rules/vectors.test-kit.ts";
import { expectNear, type Tolerance } from "./expect-near.test-kit.ts";
import { type ChainEpoch, replayChainEpoch } from "./replay-chain-epoch.ts";

const file = subnetVectors<ChainEpoch, object>("allora_chain_crosscheck");

describe.skipIf(!file)(
  "section 5, agreement with the chain: allora_chain_crosscheck.json (absent from a public clone)",
  () => {
    const { cases, tolerance } = (file ?? { cases: [] }) as NonNullable<typeof file> & {
      tolerance: Tolerance;
    };
    test.for(cases)("$id within 1e-9", ({ input, expected }) => {
      expectNear(replayChainEpoch(input), expected, tolerance);
    });
  },
);
