import { Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { isSubforgeError, SubforgeError } from "../../shared/errors.ts";
import { bytesPerElement, elementCount, type Tensors, tensorFromBytes } from "../../shared/tensor.ts";
import type { Json } from "../../shared/types.ts";
import { FrameReader, frameChunks } from "./frames.ts";
import { readModelFile } from "./model-file.ts";
import type { ModelInfo } from "./model-guard.ts";
import { openSession, type Session } from "./session.ts";

/*
 * Entry of an inference process: one model, one request at a time, over the socket that the pool left at
 * descriptor 3. Native code may crash or hang here and takes nothing else with it.
 */

const SOCKET_FD = 3;

/** Ends this process when its parent is gone, even while native code keeps the main thread busy. */
const WATCH_PARENT = `
  const { workerData } = require("node:worker_threads");
  setInterval(() => { if (process.ppid !== workerData) process.kill(process.pid, "SIGKILL"); }, 500);
`;

const [parentPid, modelPath, device, threads] = process.argv.slice(2);
const socket = new Socket({ fd: SOCKET_FD, readable: true, writable: true });
new Worker(WATCH_PARENT, { eval: true, workerData: Number(parentPid) }).unref();

// A Ctrl+C on the terminal reaches every process of the group: the parent drains first and then closes the socket.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
socket.on("close", () => process.exit(0));
socket.on("error", () => process.exit(0));

try {
  const model = await readModelFile(modelPath!);
  const session = await openSession(model, { device: device as never, threads: Number(threads) });
  await warmUp(session, model.info, modelPath!);
  send({ kind: "ready", device: session.device, info: model.info });
  serve(session);
} catch (error) {
  const { code, details } = isSubforgeError(error) ? error : internal(error);
  send({ kind: "refused", code, details: details as Json });
  socket.end(() => process.exit(0));
}

function serve(session: Session): void {
  const reader = new FrameReader();
  socket.on("data", async (piece: Uint8Array) => {
    // A broken stream cannot be answered: end, and be started again.
    for (const { head, tensors } of reader.push(piece)) {
      try {
        send({ kind: "result", id: head.id! }, await session.run(tensors));
      } catch (error) {
        send({ kind: "failed", id: head.id!, problem: String((error as Error).message).slice(0, 300) });
      }
    }
  });
}

/** One row of zeros: allocations happen now, and a model that cannot run at all is found before it is announced. */
async function warmUp(session: Session, info: ModelInfo, path: string): Promise<void> {
  if (info.inputs.some(({ shape }) => shape?.slice(1).includes(null) ?? true)) return; // no size to warm up with
  const feeds: Tensors = {};
  for (const { name, dtype, shape } of info.inputs) {
    const one = shape!.map((size) => size ?? 1);
    feeds[name] = tensorFromBytes(dtype, one, new Uint8Array(elementCount(one) * bytesPerElement(dtype)));
  }
  await session.run(feeds).catch((error: Error) => {
    throw new SubforgeError("MINER_MODEL_INVALID", {
      path,
      problem: `a row of zeros fails: ${error.message.slice(0, 300)}`,
    });
  });
}

function send(head: { [key: string]: Json }, tensors: Tensors = {}): void {
  socket.cork();
  for (const chunk of frameChunks({ head, tensors })) socket.write(chunk);
  socket.uncork();
}

function internal(error: unknown): SubforgeError {
  return new SubforgeError("INTERNAL", { what: String(error).slice(0, 300) });
}
