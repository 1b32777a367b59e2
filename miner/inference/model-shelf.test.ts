import { copyFile, rename, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../shared/clock.ts";
import { type Logger, silentLogger } from "../../shared/logger.ts";
import { tensor } from "../../shared/tensor.ts";
import { ModelShelf, type ShelfOptions } from "./model-shelf.ts";
import { doubler, onnxFile } from "./onnx.test-kit.ts";
import { listen, modelFolder, never } from "./pool.test-kit.ts";
import { DEFAULT_POOL_OPTIONS } from "./pool.ts";

const { path: folder, put, closing } = modelFolder();

/** y = x * x: the same tensors as the doubler, other numbers. */
const squarer = () =>
  onnxFile({
    nodes: [{ op: "Mul", inputs: ["x", "x"], outputs: ["y"] }],
    inputs: [["x", ["rows", 2]]],
    outputs: [["y", ["rows", 2]]],
  });

const three = { x: tensor("float32", [1, 2], Float32Array.of(3, 3)) };
const answerOf = async (shelf: ModelShelf, name?: string) =>
  (await shelf.get(name)!.infer(three, never)).y!.data[0];

async function open(models: Record<string, string>, options: Partial<ShelfOptions> = {}, logger?: Logger) {
  const entries = Object.entries(models).map(([name, path]) => ({ name, path }));
  const all = { ...DEFAULT_POOL_OPTIONS, ...options };
  return closing(
    await ModelShelf.start(entries, all, { logger: logger ?? silentLogger, clock: systemClock }),
  );
}

describe("a shelf of models", { timeout: 60_000 }, () => {
  test("serves several models by name, the first one without", async () => {
    const shelf = await open({ double: await put(doubler()), square: await put(squarer()) });
    expect([await answerOf(shelf), await answerOf(shelf, "double"), await answerOf(shelf, "square")]).toEqual(
      [6, 6, 9],
    );
    expect(shelf.get("cube")).toBeUndefined();
    expect(shelf.all.map(({ name, isReady }) => [name, isReady])).toEqual([
      ["double", true],
      ["square", true],
    ]);
    expect(shelf.stats.map(({ model, rows }) => [model, rows])).toEqual([
      ["double", 3], // the probe among them
      ["square", 2],
    ]);
  });

  test.each([["../etc"], [".."], ["A"], [""], ["a".repeat(65)]])("takes no model named %j", async (name) => {
    await expect(open({ [name]: "model.onnx" })).rejects.toMatchObject({ code: "MINER_MODEL_NAME" });
  });

  test("replaces a model while requests come in, and none of them fails", async () => {
    const path = await put(doubler());
    const shelf = await open({ model: path });
    const model = shelf.get()!;
    const before = model.sha256;
    const clients = Array.from({ length: 8 }, async () => {
      const answers = [await answerOf(shelf)];
      while (answers.at(-1) === 6) answers.push(await answerOf(shelf));
      return answers.at(-1);
    });
    await writeFile(path, squarer());
    await shelf.replace("model");
    expect(await answerOf(shelf)).toBe(9);
    expect(new Set(await Promise.all(clients))).toEqual(new Set([9]));
    expect(shelf.get()).toBe(model);
    expect(model.sha256).not.toBe(before);
  });

  test("M15: keeps the old model when the new file is bad, cut off, gone or of another shape", async () => {
    const shelf = await open({ model: await put(doubler()) });
    const cut = await put(squarer());
    await truncate(cut, 40);
    const bad = [cut, await put(Buffer.from("not a model")), await put(doubler("rows", 3))];
    for (const path of bad) {
      await expect(shelf.replace("model", path)).rejects.toMatchObject({ code: "MINER_MODEL_INVALID" });
    }
    await expect(shelf.replace("model", join(folder(), "absent.onnx"))).rejects.toMatchObject({
      code: "MINER_MODEL_MISSING",
    });
    await expect(shelf.replace("other")).rejects.toMatchObject({ code: "MINER_MODEL_NAME" });
    expect([await answerOf(shelf), shelf.get()!.isReady]).toEqual([6, true]);
  });

  test("M15: a file that is swapped while it is watched is served, a bad one is said aloud and is not", async () => {
    const path = await put(doubler());
    const replaced = listen("model.replaced");
    const refused = listen("model.replace-refused");
    const logger: Logger = {
      ...silentLogger,
      info: replaced.logger.info,
      error: refused.logger.error,
    };
    const shelf = await open({ model: path }, { watch: true }, logger);
    const next = await put(squarer());
    await copyFile(next, `${next}.bad`);
    await truncate(`${next}.bad`, 40);
    await rename(`${next}.bad`, path);
    expect(await refused.heard).toMatchObject({ code: "MINER_MODEL_INVALID" });
    expect(await answerOf(shelf)).toBe(6);
    await rename(next, path);
    await replaced.heard;
    expect(await answerOf(shelf)).toBe(9);
  });
});
