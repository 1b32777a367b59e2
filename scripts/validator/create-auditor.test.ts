import { createHash } from "node:crypto";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { onnxFile } from "../../miner/inference/onnx.test-kit.ts";
import { alice, bob, startTestMiner, ThreeCallChain } from "../../miner/miner.test-kit.ts";
import { keysReady } from "../../shared/keys/keypair.ts";
import { silentLogger } from "../../shared/logger.ts";
import { tensor } from "../../shared/tensor.ts";
import { createAuditor } from "./create-auditor.ts";
import { createModelRunner } from "./run-model.ts";

beforeAll(keysReady);

const x = tensor("float32", [3, 2], Float32Array.of(1, 2, 3, 4, 5, 6));

it("section 3, audit: a validator gets a running miner's committed model and runs it again on the CPU", async () => {
  const folder = await mkdtemp(join(tmpdir(), "subforge-auditor-"));
  const chain = new ThreeCallChain();
  const miner = await startTestMiner({ commitModel: "axon:" }, { chain });
  const auditor = createAuditor(
    { folder, allowPrivate: true },
    { chain, signer: alice(), logger: silentLogger },
  );
  try {
    const port = Number(new URL(miner.url).port);
    chain.neurons[0]!.axon = { ip: "127.0.0.1", port, protocol: 4, version: 1, block: 8 };
    const { size } = await stat(miner.modelPath);
    const model = { sha256: miner.committed!.sha256, size, uri: miner.committed!.uri };
    const signal = AbortSignal.timeout(15_000);
    const run = await auditor.run(2, { hotkey: bob().address, model, feeds: { x } }, signal);
    expect(run).toMatchObject({ precision: "float32", y: { shape: [3, 2], data: x.data.map((v) => 2 * v) } });
    const other = { hotkey: bob().address, model, feeds: { z: x } };
    expect(await auditor.run(2, other, signal)).toEqual({ problem: "failed" });
  } finally {
    await auditor.close();
    await miner.stop();
    await rm(folder, { recursive: true });
  }
});

it("refuses a hostile file before it is loaded", async () => {
  const folder = await mkdtemp(join(tmpdir(), "subforge-hostile-"));
  try {
    const path = join(folder, "a.onnx");
    const node = { op: "PyOp", inputs: ["x"], outputs: ["y"] };
    const bytes = onnxFile({ nodes: [node], inputs: [["x", ["n", 2]]], outputs: [["y", ["n", 2]]] });
    await writeFile(path, bytes);
    const file = { path, sha256: createHash("sha256").update(bytes).digest("hex") };
    const running = createModelRunner(silentLogger)(file, { x }, new AbortController().signal);
    await expect(running).rejects.toMatchObject({ fault: "hostile" });
  } finally {
    await rm(folder, { recursive: true });
  }
});
