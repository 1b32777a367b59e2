import { setTimeout as delay } from "node:timers/promises";
import { openBenchQueue } from "./queue-jobs.ts";

/*
 * A worker of the benchmark, in a process of its own: waits as long per job as miners take to answer. Says when it is
 * there, and ends with its input.
 */

const [url = "", name = "", concurrency = "1", waitMs = "0"] = process.argv.slice(2);
const stop = new AbortController();
const queue = await openBenchQueue(url, name);
const consuming = queue.consume(async () => delay(Number(waitMs)), {
  concurrency: Number(concurrency),
  signal: stop.signal,
});
process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
process.stdin.resume().once("end", async () => {
  stop.abort();
  await consuming;
  await queue.close();
  process.exit(0);
});
