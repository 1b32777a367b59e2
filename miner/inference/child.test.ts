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
    await writeFile(framePath, Buffer.concat(frameChunks({ kind: "run", id: 1 }, [endless]).chunks));
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
    const bytes = Buffer.concat([1, 2, 3].flatMap((id) => frameChunks({ id }, [tensors]).chunks));
    for (let size = 1; size < 40; size += 1) {
      const reader = new FrameReader();
      const frames = [];
      for (let at = 0; at < bytes.length; at += size)
        for (const { head, tensors } of reader.push(bytes.subarray(at, at + size)))
          frames.push({ head, tensors });
      expect(frames).toEqual([1, 2, 3].map((id) => ({ head: { id }, tensors })));
    }
  });

  test("that make no sense end the stream", () => {
    for (const bytes of [Buffer.alloc(16, 255), Buffer.alloc(16), Buffer.from("0800000000000000", "hex")]) {
      expect(() => new FrameReader().push(bytes)).toThrow();
    }
  });
});
