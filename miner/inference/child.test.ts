import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { isSubforgeError } from "../../shared/errors.ts";
import { silentLogger } from "../../shared/logger.ts";
import { processEntry } from "../../shared/process-entry.ts";
import { tensor } from "../../shared/tensor.ts";
import { InferenceChild } from "./child.ts";
import { joinRows } from "./feeds.ts";
import { FrameReader, frameChunks } from "./frames.ts";
import { doubler, slowModel } from "./onnx.test-kit.ts";
import { DEFAULT_POOL_OPTIONS } from "./pool.ts";

/** Removed when the test that asked for it is over. */
async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "subforge-child-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe("an inference process", { timeout: 60_000 }, () => {
  test("is not crashed by damaged models in a way that its parent feels", async () => {
    const folder = await newFolder();
    const whole = doubler();
    const damaged = [0, 1, 2, 3].map((n) => whole.slice(0, Math.floor((whole.length * (n + 1)) / 5)));
    for (let n = 0; n < 8; n += 1) {
      const flipped = Uint8Array.from(whole);
      flipped[(n * 13 + 5) % whole.length]! ^= 1 << (n % 8);
      damaged.push(flipped);
    }
    for (const [index, bytes] of damaged.entries()) {
      const modelPath = join(folder, `${index}.onnx`);
      await writeFile(modelPath, bytes);
      const start = InferenceChild.start({ ...DEFAULT_POOL_OPTIONS, modelPath }, silentLogger);
      const outcome = await start.catch((error: unknown) => error);
      if (outcome instanceof InferenceChild) outcome.kill("the test is over");
      else expect(isSubforgeError(outcome), String(outcome)).toBe(true);
    }
  });

  test("is handed batches of every size, the next one while one runs, and mixes nothing up", async () => {
    const modelPath = join(await newFolder(), "model.onnx");
    await writeFile(modelPath, doubler("rows", "columns"));
    const child = await InferenceChild.start({ ...DEFAULT_POOL_OPTIONS, modelPath }, silentLogger);
    const sizes = [1, 20_000, 300_000, 2, 5_000_000, 40_000, 40_000, 3, 16_384, 16_385];
    const runs = sizes.map((columns, i) => {
      const x = tensor("float32", [2, columns], new Float32Array(2 * columns).fill(i));
      x.data[x.data.length - 1] = -i;
      return child.run([{ x }, { x }]);
    });
    for (const [i, { y }] of (await Promise.all(runs)).entries()) {
      const { length } = y!.data;
      expect([
        y!.shape,
        y!.data[0],
        y!.data[length / 2 - 1],
        y!.data[length / 2],
        y!.data[length - 1],
      ]).toEqual([[4, sizes[i]], 2 * i, -2 * i, 2 * i, -2 * i]);
    }
    child.kill("the test is over");
  });

  test("ends while it still loads when it is told to", async () => {
    const modelPath = join(await newFolder(), "model.onnx");
    await writeFile(modelPath, doubler());
    const stopping = new AbortController();
    const start = InferenceChild.start({ ...DEFAULT_POOL_OPTIONS, modelPath }, silentLogger, stopping.signal);
    stopping.abort();
    await expect(start).rejects.toMatchObject({ code: "INFERENCE_CRASHED" });
  });

  test("does not outlive a parent that was killed, not even while native code keeps it busy", async () => {
    const folder = await newFolder();
    const [modelPath, framePath] = [join(folder, "slow.onnx"), join(folder, "frame.bin")];
    await writeFile(modelPath, slowModel(300, 256));
    const endless = { x: tensor("float32", [40_000, 256], new Float32Array(40_000 * 256)) };
    await writeFile(framePath, Buffer.concat(frameChunks({ id: 1, head: {} }, [endless]).chunks));
    const order = JSON.stringify({ modelPath, device: "cpu", threads: 1 });
    const parent = spawn(
      process.execPath,
      [
        "--eval",
        `const child = require("node:child_process").spawn(process.execPath,
           [${JSON.stringify(processEntry("inference-process"))}, String(process.pid), ${JSON.stringify(order)}],
           { stdio: ["ignore", "ignore", "inherit", "pipe"] });
         child.stdio[3].once("data", () => {
           child.stdio[3].write(require("node:fs").readFileSync(${JSON.stringify(framePath)}), () => console.log(child.pid));
         });`,
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const [line] = await once(parent.stdout.setEncoding("utf8"), "data");
    const childPid = Number(line);
    expect(isAlive(childPid)).toBe(true);
    parent.kill("SIGKILL");
    await expect.poll(() => isAlive(childPid), { timeout: 5_000 }).toBe(false);
  });
});

describe("the frames between pool and process", () => {
  test("come out whole, however they were cut on the way", () => {
    const tensors = {
      a: tensor("float32", [2], Float32Array.of(1, 2)),
      b: tensor("int64", [], BigInt64Array.of(7n)),
    };
    const bytes = Buffer.concat(
      [1, 2, 3].flatMap((id) => frameChunks({ id, head: { id } }, [tensors]).chunks),
    );
    for (let size = 1; size < 40; size += 1) {
      const reader = new FrameReader();
      const frames = [];
      for (let at = 0; at < bytes.length; at += size)
        frames.push(...reader.push(bytes.subarray(at, at + size)));
      expect(frames).toEqual([1, 2, 3].map((id) => ({ id, head: { id }, tensors })));
    }
  });

  test("that make no sense end the stream", () => {
    for (const bytes of [Buffer.alloc(16, 255), Buffer.alloc(16), Buffer.from("08".padEnd(32, "0"), "hex")]) {
      expect(() => new FrameReader().push(bytes)).toThrow();
    }
  });

  test("hold the rows of all parts, small pieces and large ones, of one shape and then of another", () => {
    const reader = new FrameReader();
    const part = (width: number, first: number) => ({
      odd: tensor("uint8", [1, 3], Uint8Array.of(first, 2, 3)),
      wide: tensor("float32", [1, width], new Float32Array(width).fill(first)),
      last: tensor("int64", [1, 1], BigInt64Array.of(BigInt(first))),
    });
    for (const [count, width] of [
      [3, 5],
      [3, 5_000],
      [3, 5_000],
      [1, 5],
      [2, 5],
    ] as const) {
      const parts = Array.from({ length: count }, (_, i) => part(width, i));
      const bytes = Buffer.concat(frameChunks({ id: count, head: {} }, parts).chunks);
      expect(reader.push(bytes)).toEqual([{ id: count, head: {}, tensors: joinRows(parts) }]);
    }
  });
});
