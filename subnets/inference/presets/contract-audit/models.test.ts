import { describe, expect, it } from "vitest";
import { childSeed } from "../../../../shared/rules/beacon.ts";
import { tensor } from "../../../../shared/tensor.ts";
import { listModels } from "../../../models.ts";
import { loadModel } from "../../../ort-model.test-kit.ts";
import { contractAudit } from "../contract-audit.ts";
import { MAX_INSTRUCTIONS } from "./contract.ts";

const cards = await listModels("inference", "contract-audit"); // checks every sha256
const graded = cards.filter(({ name }) => /\d$/.test(name));

/** Contracts that training used neither to learn nor to measure. */
const COUNT = 112;
const seed = childSeed(new Uint8Array(32), "contract-audit models.test");
const truth = contractAudit.drawTruth(seed, COUNT);
const feeds = contractAudit.drawFeeds(seed, COUNT);

async function answersOf(name: string): Promise<Float32Array> {
  const { y } = await (await loadModel("inference", name, "contract-audit")).infer(feeds);
  return y!.data as Float32Array;
}

describe("the models of contract-audit", () => {
  it("are four at least, each 0.05 better than the next, the best above 0.8, and one is worth nothing", () => {
    expect(graded.length).toBeGreaterThanOrEqual(4);
    for (let i = 1; i < graded.length; i++) {
      expect(graded[i - 1]!.quality - graded[i]!.quality).toBeGreaterThanOrEqual(0.05);
    }
    expect(graded[0]!.quality).toBeGreaterThanOrEqual(0.8);
    expect(cards.at(-1)).toMatchObject({ name: "contract-audit-guesser", quality: 0 });
  });

  it("find in onnxruntime, on contracts nobody has seen, about as much as their cards say", async () => {
    for (const card of [graded[0]!, graded.at(-1)!]) {
      const y = await answersOf(card.name);
      expect(y.every((value) => value >= 0 && value <= 1)).toBe(true);
      expect(Math.abs(contractAudit.quality(truth, y) - card.quality)).toBeLessThan(0.12);
    }
  });

  it("need the order of instructions: who only counts them stays far behind who reads", async () => {
    const counter = cards.find(({ name }) => name === "contract-audit-counter")!;
    expect(counter.quality).toBeLessThan(graded[0]!.quality - 0.4);
    expect(contractAudit.quality(truth, await answersOf(counter.name))).toBeLessThan(0.4);
  });

  it("read as far as the length says, and answer a row as they do among others", async () => {
    const model = await loadModel("inference", graded[0]!.name, "contract-audit");
    const x = BigInt64Array.from((feeds.x!.data as BigInt64Array).subarray(0, MAX_INSTRUCTIONS));
    const aux = BigInt64Array.from((feeds.aux!.data as BigInt64Array).subarray(0, 1));
    const lengthOne = Number(aux[0]);
    const ask = async () => {
      const row = { x: tensor("int64", [1, MAX_INSTRUCTIONS], x), aux: tensor("int64", [1, 1], aux) };
      return [...((await model.infer(row)).y!.data as Float32Array)];
    };
    const alone = await ask();
    x.fill(0xf4n, lengthOne); // an attacker's junk behind the end
    expect(await ask()).toEqual(alone);
    aux[0] = 0n;
    expect((await ask()).every((probability) => probability < 0.05)).toBe(true);
  });
});
