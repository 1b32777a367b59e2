import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { alice, bob, startTestMiner } from "../../miner/miner.test-kit.ts";
import { packageRoot } from "../../shared/process-entry.ts";
import hello from "../../subnets/hello/index.ts";
import { fuzzAxon } from "./fuzz-axon.ts";

/** The short form of `npm run fuzz -- axon`, with a miner in this process. */
const COUNT = 300;

test(`T9: of ${COUNT} generated requests only those are answered that were signed and not used`, async () => {
  const modelPath = join(packageRoot(), "subnets/hello/models/sum.onnx");
  const miner = await startTestMiner({ modelPath, protocols: ["btauth/1", "v10"] }, { template: hello });
  onTestFinished(() => miner.stop());
  const target = { port: Number(new URL(miner.url).port), hotkey: bob().address, caller: alice() };
  const { sent, answers, accepted, findings } = await fuzzAxon({ ...target, seed: 1, count: COUNT });
  expect(findings).toEqual([]);
  expect(sent).toBe(COUNT);
  expect(accepted).toBeGreaterThan(0);
  expect(Object.keys(answers)).toEqual(expect.arrayContaining(["200", "400", "401", "404"]));
}, 120_000);
