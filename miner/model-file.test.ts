import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, expect, it } from "vitest";
import { keysReady } from "../shared/keys/keypair.ts";
import { parseModelCommitment } from "../shared/rules/model-commitment.ts";
import { isTensor, tensorBytes } from "../shared/tensor.ts";
import { MODEL_FILE_ROUTE, MODEL_PIECE_BYTES } from "../shared/wire/model-file.ts";
import { HandedOutModels } from "./handed-out-models.ts";
import { alice, ask, charlie, startTestMiner, ThreeCallChain } from "./miner.test-kit.ts";

const stops: (() => Promise<unknown>)[] = [];
beforeAll(keysReady);
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function startCommitted(uri = "axon:", chain = new ThreeCallChain()) {
  const miner = await startTestMiner({ commitModel: uri }, { chain });
  stops.push(miner.stop);
  const sha256 = miner.models[0]!.sha256;
  const piece = (request: { sha256: string; offset: number }, signer = alice()) =>
    ask(miner.url, { target: MODEL_FILE_ROUTE, message: request, signer });
  return { ...miner, sha256, piece };
}

it("a miner commits to the model it serves, once, and says where it is", async () => {
  const { chain, committed, sha256, modelPath } = await startCommitted();
  const size = (await readFile(modelPath)).length;
  const commits = chain.submitted.filter(({ kind }) => kind === "commit");
  expect(commits).toHaveLength(1);
  const call = commits[0]!;
  if (call.kind !== "commit") throw new Error("no commit");
  expect(parseModelCommitment(call.data)).toEqual({ sha256, size, uri: "axon:" });
  expect(committed).toEqual({ sha256, uri: "axon:", block: 8 });
  await stops.pop()!();
  const again = await startCommitted("axon:", chain);
  expect(again.committed?.sha256).toBe(sha256);
  expect(chain.submitted.filter(({ kind }) => kind === "commit")).toHaveLength(1);
});

it("hands the committed file out to who may ask it, also when the file is gone, and nothing else", async () => {
  const { piece, sha256, modelPath } = await startCommitted();
  const bytes = await readFile(modelPath);
  await writeFile(modelPath, "something else");
  const reply = await piece({ sha256, offset: 0 });
  expect(reply).toMatchObject({ status: 200, isSigned: true });
  const part = reply.answer!.piece;
  expect(isTensor(part) && Buffer.from(tensorBytes(part)).equals(bytes)).toBe(true);
  expect(createHash("sha256").update(bytes).digest("hex")).toBe(sha256);
  for (const wrong of [
    { sha256: "ab".repeat(32), offset: 0 },
    { sha256: "../../../../etc/passwd", offset: 0 },
    { sha256, offset: MODEL_PIECE_BYTES },
    { sha256, offset: 1 },
  ])
    expect(await piece(wrong)).toMatchObject({ status: 400, code: "AXON_BAD_REQUEST" });
  expect((await piece({ sha256, offset: 0 }, charlie())).status).toBe(403);
});

it("hands nothing out when the file lies elsewhere", async () => {
  const { piece, sha256, committed } = await startCommitted("https://models.example/a.onnx");
  expect(committed?.uri).toBe("https://models.example/a.onnx");
  expect((await piece({ sha256, offset: 0 })).status).toBe(404);
});

it("keeps what a running epoch may ask for: the model that is served and two before it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "subforge-handed-out-"));
  stops.push(() => rm(folder, { recursive: true }));
  const models = await HandedOutModels.open();
  stops.push(() => models.close());
  const path = join(folder, "model.onnx");
  const hashes: string[] = [];
  for (const text of ["a", "b", "c", "d"]) {
    await writeFile(path, text);
    const sha256 = createHash("sha256").update(text).digest("hex");
    expect(await models.keep(path, sha256)).toBe(true);
    hashes.push(sha256);
  }
  expect(await models.keep(path, "ab".repeat(32))).toBe(false);
  expect(hashes.map((sha256) => models.pathOf(sha256) !== undefined)).toEqual([false, true, true, true]);
  expect(await readFile(models.pathOf(hashes[1]!)!, "utf8")).toBe("b");
});
