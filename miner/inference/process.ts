import { writeFile } from "node:fs/promises";
import { type ConnectOpts, Socket, type SocketConstructorOpts } from "node:net";
import { Worker } from "node:worker_threads";
import { type Frame, FrameReader, frameChunks } from "./frames.ts";
import { hostSession } from "./host-session.ts";
import type { LoadOrder } from "./link.ts";
import { ScratchBuffers } from "./scratch-buffers.ts";

/*
 * Entry of an inference process: one model, one run at a time, over the socket that the pool left at descriptor 3.
 * Native code may crash or hang here and takes nothing else with it.
 */

const SOCKET_FD = 3;
const READ_BYTES = 1 << 20;
/** When the machine runs out of memory, the kernel shall end this process and not the one that serves. */
const OOM_SCORE = "500";

/** Ends this process when its parent is gone, even while native code keeps the main thread busy. */
const WATCH_PARENT = `
  const { workerData } = require("node:worker_threads");
  setInterval(() => { if (process.ppid !== workerData) process.kill(process.pid, "SIGKILL"); }, 500);
`;

const [parentPid, order] = process.argv.slice(2);
const scratch = new ScratchBuffers();
let receive = (_piece: Uint8Array) => {};
const options: SocketConstructorOpts & ConnectOpts = {
  ...{ fd: SOCKET_FD, readable: true, writable: true },
  // One buffer for all reads: new memory for each would cost more than the reading.
  onread: {
    buffer: new Uint8Array(READ_BYTES),
    callback: (length, buffer) => {
      receive(buffer.subarray(0, length));
      return true;
    },
  },
};
const socket = new Socket(options);
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
  const reader = new FrameReader(scratch);
  let turn: Promise<void> = Promise.resolve();
  receive = (piece) => {
    // A broken stream cannot be answered: end, and be started again.
    for (const frame of reader.push(piece)) {
      turn = turn.then(async () => {
        // An answer leaves before the next run begins, which may block this thread for long, or end it.
        await send(await host.answer(frame));
        scratch.giveBack(frame.memory);
      });
    }
  };
  socket.resume();
}

/** Resolves when the system has taken all bytes. */
function send({ head, tensors }: Frame): Promise<void> {
  const { chunks, giveBack } = frameChunks(head, [tensors], scratch);
  return new Promise((resolve) => {
    const last = chunks.pop()!;
    socket.cork();
    for (const chunk of chunks) socket.write(chunk);
    socket.write(last, () => {
      giveBack();
      resolve();
    });
    socket.uncork();
  });
}
