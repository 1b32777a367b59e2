import { writeFile } from "node:fs/promises";
import { Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { type Frame, FrameReader, frameChunks } from "./frames.ts";
import { hostSession } from "./host-session.ts";
import type { LoadOrder } from "./link.ts";

/*
 * Entry of an inference process: one model, one run at a time, over the socket that the pool left at descriptor 3.
 * Native code may crash or hang here and takes nothing else with it.
 */

const SOCKET_FD = 3;
/** When the machine runs out of memory, the kernel shall end this process and not the one that serves. */
const OOM_SCORE = "500";

/** Ends this process when its parent is gone, even while native code keeps the main thread busy. */
const WATCH_PARENT = `
  const { workerData } = require("node:worker_threads");
  setInterval(() => { if (process.ppid !== workerData) process.kill(process.pid, "SIGKILL"); }, 500);
`;

const [parentPid, order] = process.argv.slice(2);
const socket = new Socket({ fd: SOCKET_FD, readable: true, writable: true });
new Worker(WATCH_PARENT, { eval: true, workerData: Number(parentPid) }).unref();
await writeFile("/proc/self/oom_score_adj", OOM_SCORE).catch(() => undefined); // other systems have no such file

// A Ctrl+C on the terminal reaches every process of the group: the parent drains first and then closes the socket.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
socket.on("close", () => process.exit(0));
socket.on("error", () => process.exit(0));

const { said, host } = await hostSession(JSON.parse(order!) as LoadOrder, true);
await send(said);
if (!host) socket.end(() => process.exit(0));
else {
  const reader = new FrameReader();
  let turn: Promise<void> = Promise.resolve();
  socket.on("data", (piece: Uint8Array) => {
    // A broken stream cannot be answered: end, and be started again.
    for (const frame of reader.push(piece)) {
      // An answer leaves before the next run begins, which may block this thread for long, or end it.
      turn = turn.then(async () => send(await host.answer(frame)));
    }
  });
}

/** Resolves when the system has taken all bytes. */
function send({ head, tensors }: Frame): Promise<void> {
  return new Promise((resolve) => {
    const chunks = frameChunks(head, [tensors]);
    const last = chunks.pop()!;
    socket.cork();
    for (const chunk of chunks) socket.write(chunk);
    socket.write(last, () => resolve());
    socket.uncork();
  });
}
