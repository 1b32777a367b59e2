import { writeFile } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { FramePipe } from "./frame-pipe.ts";
import { hostSession } from "./host-session.ts";
import type { LoadOrder } from "./link.ts";

/*
 * Entry of an inference process: one model, one run at a time, over the socket that the pool left at descriptor 3.
 * Native code may crash or hang here and takes nothing else with it.
 */

/** It blocks: only the parent's end was made not to. */
const SOCKET_FD = 3;
/** Frames too large for the socket lie in this file. */
const SLOTS_FD = 4;
/** When the machine runs out of memory, the kernel shall end this process and not the one that serves. */
const OOM_SCORE = "500";

/** Ends this process when its parent is gone, even while native code keeps the main thread busy. */
const WATCH_PARENT = `
  const { workerData } = require("node:worker_threads");
  setInterval(() => { if (process.ppid !== workerData) process.kill(process.pid, "SIGKILL"); }, 500);
`;

const [parentPid, order] = process.argv.slice(2);
new Worker(WATCH_PARENT, { eval: true, workerData: Number(parentPid) }).unref();
await writeFile("/proc/self/oom_score_adj", OOM_SCORE).catch(() => undefined); // other systems have no such file

// A Ctrl+C on the terminal reaches every process of the group: the parent drains first and then closes the socket.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

const pipe = new FramePipe(SOCKET_FD, SLOTS_FD);
const { said, host } = await hostSession(JSON.parse(order!) as LoadOrder, true);
pipe.write(said);
// A broken stream cannot be answered: end, and be started again.
for (let frame = host && pipe.read(); host && frame; frame = pipe.read()) {
  pipe.write(await host.answer(frame));
}
process.exit(0);
