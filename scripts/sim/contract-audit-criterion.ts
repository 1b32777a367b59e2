import { readModelFile } from "../../miner/inference/model-file.ts";
import { openSession } from "../../miner/inference/session.ts";
import { childSeed } from "../../shared/rules/beacon.ts";
import type { Criterion } from "../../simulator/criterion.ts";
import { DEFECTS } from "../../subnets/inference/presets/contract-audit/families.ts";
import { contractAudit } from "../../subnets/inference/presets/contract-audit.ts";
import { listModels } from "../../subnets/models.ts";

/** Contracts that training never saw, and how many of them are asked at once. */
const CONTRACTS = 5_000;
const BATCH = 50;
const LEAST = 0.8;

/** The shipped baseline finds planted defects: row 13 of section 1. */
export const contractAuditCriterion: Criterion = {
  section: "1",
  row: "contract-audit baseline",
  required: `macro quality >= ${LEAST} on ${CONTRACTS} unseen contracts, ${DEFECTS.length} defects`,
  async measure() {
    const [best] = await listModels("inference", "contract-audit");
    const session = await openSession(await readModelFile(best!.path), { device: "cpu", threads: 1 });
    const truth = new Float32Array(CONTRACTS * DEFECTS.length);
    const answers = new Float32Array(truth.length);
    for (let first = 0; first < CONTRACTS; first += BATCH) {
      const seed = childSeed(new Uint8Array(32), `contract-audit criterion ${first}`);
      const { y } = await session.run(contractAudit.drawFeeds(seed, BATCH));
      truth.set(contractAudit.drawTruth(seed, BATCH), first * DEFECTS.length);
      answers.set(y!.data as Float32Array, first * DEFECTS.length);
    }
    await session.release();
    const quality = contractAudit.quality(truth, answers);
    return { measured: `${best!.name}: ${quality.toFixed(3)}`, pass: quality >= LEAST };
  },
};
