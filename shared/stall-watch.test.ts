import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { systemClock } from "./clock.ts";
import { silentLogger } from "./logger.ts";
import { processEntry } from "./process-entry.ts";
import { startRestartingProcess } from "./restarting-process.ts";
import { BEAT } from "./stall-watch.ts";

/* Rows V16 and V17 of the fault matrix, with processes that really hang: they run the thread that is built. */

const folder = mkdtempSync(join(tmpdir(), "subforge-stall-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts the watch as `startStallWatch` does, then does what it is told to. */
function program(name: string, then: string): string {
  const path = join(folder, `${name}.mjs`);
  const data = "{ shared, maxStallMs: 1_000, role: 'test', level: 'warn' }";
  writeFileSync(
    path,
    `import { Worker } from "node:worker_threads";
     const shared = new SharedArrayBuffer(12);
     const cells = new Int32Array(shared);
     setInterval(() => Atomics.add(cells, ${BEAT.main}, 1), 100);
     const thread = new Worker(${JSON.stringify(processEntry("stall-watch"))}, { workerData: ${data} });
     thread.once("online", () => setTimeout(() => { ${then} }, 600));
     function searchForEver() { for (;;) Math.random(); }`,
  );
  return path;
}

async function endOf(path: string): Promise<{ signal: string | null; log: string }> {
  const child = spawn(process.execPath, [path], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const [, signal] = (await once(child, "close")) as [number | null, string | null];
  return { signal, log };
}

describe.concurrent("V16: a main loop that is blocked", () => {
  it("is told, and ends with a report of where it was stuck", async () => {
    const { signal, log } = await endOf(program("busy", "searchForEver();"));
    expect(signal).toBe("SIGKILL");
    const last = JSON.parse(log.trim().split("\n").at(-1)!);
    expect(last).toMatchObject({ event: "process.killed-itself", why: "the main loop did not turn" });
    expect(last.stack.join()).toContain("searchForEver");
  });

  it("inside native code, where nobody can look, ends as well", async () => {
    const { signal } = await endOf(
      program("native", "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);"),
    );
    expect(signal).toBe("SIGKILL");
  });
});

describe.concurrent("V17: an exit that is itself blocked", () => {
  it("by a handler that does not return is ended by the thread", async () => {
    const stuck = "process.on('exit', searchForEver); process.exit(1);";
    expect((await endOf(program("exit", stuck))).signal).toBe("SIGKILL");
  });

  it("by something left open ends when its time is over", async () => {
    const stuck = `Atomics.store(cells, ${BEAT.endWithinLooks}, 2);`;
    const { signal, log } = await endOf(program("open", stuck));
    expect(signal).toBe("SIGKILL");
    expect(log).toContain("it did not stop in time");
  });

  it("without such a thread is ended by whoever supervises the process, after its grace", async () => {
    const path = join(folder, "deaf.mjs");
    writeFileSync(
      path,
      "process.on('SIGTERM', () => { for (;;); }); process.on('exit', () => { for (;;); }); setInterval(() => {}, 1e3); process.stdout.write('up\\n');",
    );
    const stop = new AbortController();
    const ends: (number | string)[] = [];
    const supervised = startRestartingProcess(
      {
        script: path,
        args: [],
        graceMs: 300,
        onLine: () => stop.abort(),
        onEnd: (_pid, how) => ends.push(how),
      },
      { clock: systemClock, logger: silentLogger, signal: stop.signal },
    );
    await supervised.stopped;
    expect(ends).toEqual(["SIGKILL"]);
  });
});
