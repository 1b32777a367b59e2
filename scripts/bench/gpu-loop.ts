import { createInterface } from "node:readline";
import { zeroRow } from "../../miner/inference/feeds.ts";
import { readModelFile } from "../../miner/inference/model-file.ts";
import { openSession } from "../../miner/inference/session.ts";
import { rawRate } from "./batching.ts";

/*
 * The peer of `npm run bench -- gpu`: the runtime alone in a loop on the first card, in a process of its own, because the
 * folders of CUDA's libraries must be in its environment when it starts. Argument: the model's file. Each line of its
 * input, `{"rows", "spanMs"}`, is answered by one with the rows per second; 0 for a batch that does not fit.
 */

const model = await readModelFile(process.argv[2]!);
const row = zeroRow(model.info)!;
const session = await openSession(model, { device: "cuda", threads: 1 });
for await (const line of createInterface({ input: process.stdin })) {
  const { rows, spanMs } = JSON.parse(line) as { rows: number; spanMs: number };
  const rate = await rawRate(session, row, rows, spanMs).catch(() => 0);
  process.stdout.write(`${JSON.stringify({ rate })}\n`);
}
await session.release();
