import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../shared/clock.ts";
import { tensor } from "../../shared/tensor.ts";
import { doubler, liar, onnxFile, slowModel } from "./onnx.test-kit.ts";
import { modelFolder, never, row } from "./pool.test-kit.ts";

const models = modelFolder();
const start = async (...args: Parameters<typeof models.startPool>) => (await models.startPool(...args)).pool;

describe("an inference pool", { timeout: 60_000 }, () => {
  test("runs requests and gives each its own rows", async () => {
    const pool = await start(doubler());
    const answers = await Promise.all([1, 2, 3, 4].map((n) => pool.infer(row(n, -n), never)));
    expect(answers.map(({ y }) => Array.from(y!.data, Number))).toEqual([
      [2, -2],
      [4, -4],
      [6, -6],
      [8, -8],
    ]);
    expect(pool.device).toBe("cpu");
  });

  test("splits a request of more rows than a batch may have", async () => {
    const pool = await start(doubler(), { maxRows: 2 });
    const { y } = await pool.infer(row(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), never);
    expect(y).toEqual(tensor("float32", [5, 2], Float32Array.of(2, 4, 6, 8, 10, 12, 14, 16, 18, 20)));
  });

  test("cuts rows for a model that takes one at a time", async () => {
    const pool = await start(doubler(1));
    expect((await pool.infer(row(1, 2, 3, 4), never)).y?.shape).toEqual([2, 2]);
  });

  test("runs whole requests of a model whose inputs do not all count rows", async () => {
    const scale = onnxFile({
      nodes: [{ op: "Mul", inputs: ["x", "factor"], outputs: ["y"] }],
      inputs: [
        ["x", ["rows", 2]],
        ["factor", [1]],
      ],
      outputs: [["y", ["rows", 2]]],
    });
    const pool = await start(scale);
    const answers = await Promise.all(
      [2, 3].map((n) =>
        pool.infer({ ...row(1, 2, 3, 4), factor: tensor("float32", [1], Float32Array.of(n)) }, never),
      ),
    );
    expect(answers.map(({ y }) => Array.from(y!.data, Number))).toEqual([
      [2, 4, 6, 8],
      [3, 6, 9, 12],
    ]);
  });

  test("finds out that a model mixes rows, and runs its requests apart", async () => {
    const pool = await start(liar());
    const answers = await Promise.all(
      [row(1, 1), row(2, 2, 3, 3), row(4, 4)].map((feeds) => pool.infer(feeds, never)),
    );
    expect(answers.map(({ y }) => Array.from(y!.data, Number))).toEqual([
      [1, 1],
      [5, 5],
      [4, 4],
    ]);
  });

  test.each([
    ["a missing input", {}],
    ["another input", { z: row(1, 2).x }],
    ["another type", { x: tensor("float64", [1, 2], Float64Array.of(1, 2)) }],
    ["another width", { x: tensor("float32", [1, 3], Float32Array.of(1, 2, 3)) }],
    ["another rank", { x: tensor("float32", [2], Float32Array.of(1, 2)) }],
  ])("refuses %s before it reaches a batch", async (_what, feeds) => {
    const pool = await start(doubler());
    await expect(pool.infer(feeds, never)).rejects.toMatchObject({ code: "INFERENCE_INPUT" });
  });

  test("refuses when its queue is full, and forgets requests whose caller went away", async () => {
    const pool = await start(slowModel(200, 256), { maxWaiting: 3, maxRows: 1 });
    const feeds = { x: tensor("float32", [1, 256], new Float32Array(256)) };
    const leaving = new AbortController();
    const running = pool.infer(feeds, never);
    await systemClock.sleep(0); // the first is taken from the queue
    const waiting = [pool.infer(feeds, leaving.signal, 0.5)];
    // Half of three is one: whoever may take only a share leaves the rest to others.
    await expect(pool.infer(feeds, never, 0.5)).rejects.toMatchObject({ code: "INFERENCE_OVERLOADED" });
    waiting.push(...[0, 1].map(() => pool.infer(feeds, leaving.signal)));
    await expect(pool.infer(feeds, never)).rejects.toMatchObject({ code: "INFERENCE_OVERLOADED" });
    leaving.abort();
    for (const one of waiting) await expect(one).rejects.toMatchObject({ code: "INFERENCE_DEADLINE" });
    expect(pool.waiting).toBe(0);
    await running;
    await expect(pool.infer(feeds, never)).resolves.toHaveProperty("y");
  });

  test("survives kill -9 of its process in the middle of a batch: everybody is answered", async () => {
    const pool = await start(slowModel(300, 256));
    const feeds = () => ({ x: tensor("float32", [1, 256], new Float32Array(256).fill(Math.random())) });
    const answers = [feeds(), feeds(), feeds(), feeds()].map((one) => pool.infer(one, never));
    await systemClock.sleep(0);
    process.kill(pool.pids[0]!, "SIGKILL");
    for (const answer of answers) await expect(answer).resolves.toHaveProperty("y");
    expect(pool.isReady).toBe(true);
  });

  test("kills a process that hangs, sets the input aside, and goes on", async () => {
    const pool = await start(slowModel(300, 256), { runTimeoutMs: 1_500, maxRows: 20_000 });
    const endless = { x: tensor("float32", [20_000, 256], new Float32Array(20_000 * 256)) };
    const brief = { x: tensor("float32", [1, 256], new Float32Array(256)) };
    await expect(pool.infer(endless, never)).rejects.toMatchObject({ code: "INFERENCE_QUARANTINED" });
    await expect(pool.infer(endless, never)).rejects.toMatchObject({ code: "INFERENCE_QUARANTINED" });
    await expect(pool.infer(brief, never)).resolves.toHaveProperty("y");
  });

  test("leaves no process behind when it is closed in the middle of a run", async () => {
    const pool = await start(slowModel(2_000, 256), { processes: 2 });
    const { pids } = pool;
    const running = pool.infer({ x: tensor("float32", [64, 256], new Float32Array(64 * 256)) }, never);
    await systemClock.sleep(0);
    const outcome = expect(running).rejects.toMatchObject({ code: "INFERENCE_STOPPED" });
    await pool.close();
    await outcome;
    expect(pids).toHaveLength(2);
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });

  test("T21, T33: hands no variable to its processes but those of the list, no wallet, and no socket of a network", async () => {
    const secrets = { CANARY_SECRET: "hunter2", BT_WALLET_PATH: "/a/wallet", BT_PW_HOTKEY: "hunter2" };
    const pool = await start(doubler(), {
      environment: { PATH: process.env.PATH, SUBFORGE_REPLAY_REDIS: "redis://:hunter2@x", ...secrets },
    });
    const [pid] = pool.pids;
    const environment = await readFile(`/proc/${pid}/environ`, "utf8");
    expect(environment).toContain("PATH=");
    expect(environment + (await readFile(`/proc/${pid}/cmdline`, "utf8"))).not.toMatch(/hunter2|wallet|BT_/i);

    const handles = await readdir(`/proc/${pid}/fd`);
    const targets = await Promise.all(
      handles.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => "gone meanwhile")),
    );
    const held = targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []);
    expect(held.length).toBeGreaterThan(0); // the way to its parent
    for (const table of ["tcp", "tcp6", "udp", "udp6"]) {
      const rows = (await readFile(`/proc/${pid}/net/${table}`, "utf8")).split("\n").slice(1);
      const inodes = rows.map((line) => line.trim().split(/\s+/)[9]);
      expect(held.filter((inode) => inodes.includes(inode))).toEqual([]);
    }
    const local = (await readFile(`/proc/${pid}/net/unix`, "utf8")).split("\n").slice(1);
    const ours = local.map((line) => line.split(/\s+/)).filter((words) => held.includes(words[6] ?? ""));
    expect(ours.filter(([, , , flags]) => flags === "00010000")).toEqual([]); // one that takes connections
  });

  test("says by code why it does not start", async () => {
    await expect(start(Buffer.from("not a model"))).rejects.toMatchObject({ code: "MINER_MODEL_INVALID" });
    await expect(start(doubler(), { modelPath: join(models.path(), "absent.onnx") })).rejects.toMatchObject({
      code: "MINER_MODEL_MISSING",
    });
    await expect(start(doubler(), { device: "cuda" })).rejects.toMatchObject({ code: "MINER_NO_CUDA" });
    expect((await start(doubler(), { device: "auto" })).device).toBe("cpu");
  });
});
