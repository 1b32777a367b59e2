import { createInterface } from "node:readline";
import { hostSession } from "../../miner/inference/host-session.ts";
import type { LoadOrder } from "../../miner/inference/link.ts";

/*
 * Loads one model after the other, as an inference process does, and says what came of each: a path per line in, a
 * JSON document per line out. Native code may end this process, and nobody else's.
 */

for await (const modelPath of createInterface({ input: process.stdin })) {
  const order: LoadOrder = { modelPath, device: "cpu", threads: 1, sha256: undefined, cuda: undefined };
  const { said, host } = await hostSession(order, false);
  await host?.release();
  const { kind, code } = said.head;
  process.stdout.write(`${JSON.stringify({ kind, code })}\n`);
}
