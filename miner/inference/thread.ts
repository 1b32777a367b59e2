import { parentPort, workerData } from "node:worker_threads";
import { buffersOf, type Frame } from "./frames.ts";
import { hostSession } from "./host-session.ts";
import type { LoadOrder } from "./link.ts";

/* Entry of an inference thread: the same frames as an inference process, as messages whose buffers change hands. */

const port = parentPort!;
const { said, host } = await hostSession(workerData as LoadOrder, false);
port.postMessage(said);
let turn: Promise<void> = Promise.resolve();
port.on("message", (frame: Frame) => {
  turn = turn.then(async () => {
    const reply = await host!.answer(frame);
    port.postMessage(reply, buffersOf(reply.tensors));
  });
});
