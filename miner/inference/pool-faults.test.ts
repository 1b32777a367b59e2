import { writeFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../shared/clock.ts";
import { isSubforgeError } from "../../shared/errors.ts";
import { tensor } from "../../shared/tensor.ts";
import type { Isolation } from "./link.ts";
import { doubler, greedyModel, hungryModel, slowModel } from "./onnx.test-kit.ts";
import { listen, modelFolder, never, row } from "./pool.test-kit.ts";

const { startPool: start } = modelFolder();

const rowsOf = (rows: number, width: number, value = 0) => ({
  x: tensor("float32", [rows, width], new Float32Array(rows * width).fill(value)),
});

describe("an inference pool under faults", { timeout: 60_000 }, () => {
  test("M2: a batch that does not fit into memory is halved, everybody is answered, and the limit stays lower", async () => {
    const { pool } = await start(hungryModel(), { maxRows: 4 });
    const { pids } = pool;
    expect(pool.stats.maxRows).toBe(4);
    const answers = await Promise.all([1, 2, 3, 4].map((n) => pool.infer(row(n, n), never)));
    expect(answers.map(({ y }) => y!.data[0])).toEqual([1, 2, 3, 4]);
    expect(pool.stats.maxRows).toBe(2);
    const { y } = await pool.infer(row(1, 1, 2, 2, 3, 3, 4, 4), never);
    expect(y).toEqual(tensor("float32", [4, 2], Float32Array.of(1, 1, 2, 2, 3, 3, 4, 4)));
    expect(pool.pids).toEqual(pids); // the process stays
  });

  test("M2: a single row that does not fit is overload, and not the end of anybody else", async () => {
    const { pool } = await start(greedyModel());
    const outcomes = await Promise.allSettled(
      [row(1, 1), row(2 ** 46, 0), row(3, 3)].map((x) => pool.infer(x, never)),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(outcomes[1]).toMatchObject({ reason: { code: "INFERENCE_OVERLOADED" } });
  });

  test("M3: who waits behind a run that hangs is answered in time, and after it by a warm process", async () => {
    const { pool } = await start(slowModel(300, 256), { runTimeoutMs: 1_000, maxRows: 20_000 });
    const hanging = pool.infer(rowsOf(20_000, 256), never).catch((error: unknown) => error);
    const impatient = new AbortController();
    const late = pool.infer(rowsOf(1, 256), impatient.signal);
    const patient = pool.infer(rowsOf(1, 256), never);
    impatient.abort();
    await expect(late).rejects.toMatchObject({ code: "INFERENCE_DEADLINE" });
    await expect(patient).resolves.toHaveProperty("y");
    expect(await hanging).toMatchObject({ code: "INFERENCE_QUARANTINED" });
    expect(pool.stats.recycles.hung).toBe(2);
  });

  test("M4, T21: a batch that was not begun when its process died is not blamed for it", async () => {
    const { pool } = await start(slowModel(300, 256), { maxRows: 600 });
    const running = pool.infer(rowsOf(600, 256, 1), never).catch((error: unknown) => error);
    const behind = [2, 3].map((value) => pool.infer(rowsOf(600, 256, value), never)); // full: on its way at once
    for (let crash = 0; crash < 2; crash += 1) {
      while (pool.stats.places[0]?.inFlight !== 2) await systemClock.sleep(1);
      const [pid] = pool.pids;
      process.kill(pid!, "SIGKILL");
      while (pool.pids.includes(pid!)) await systemClock.sleep(1);
    }
    expect(await running).toMatchObject({ code: "INFERENCE_QUARANTINED" });
    await expect(Promise.all(behind)).resolves.toHaveLength(2);
    await expect(pool.infer(rowsOf(1, 256), never)).resolves.toHaveProperty("y");
  });

  test("M5: a process that holds too much memory is replaced by a warm one, and no request fails", async () => {
    const { pool } = await start(hungryModel(), { maxRssBytes: 1, maxRows: 2 });
    const [first] = pool.pids;
    const clients = [1, 2, 3].map(async (n) => {
      do expect((await pool.infer(row(n, n, n, n), never)).y!.data[0]).toBe(n);
      while (pool.pids[0] === first);
    });
    await Promise.all(clients);
    expect(pool.stats.recycles.memory).toBeGreaterThanOrEqual(1);
    expect(pool.stats.recycles.crashed).toBe(0);
    await expect.poll(() => isAlive(first!)).toBe(false);
  });

  test("M5: a process that holds too much memory on a card is replaced too, and no request fails", async () => {
    let looks = 0;
    const of = async () => 100 * 2 ** 20 * ++looks; // grows with every look, as a leak does
    const { pool } = await start(doubler(), { maxVram: { bytes: 300 * 2 ** 20, of } });
    const [first] = pool.pids;
    do expect((await pool.infer(row(1, 2), never)).y!.data[0]).toBe(2);
    while (pool.pids[0] === first);
    expect(pool.stats.recycles).toMatchObject({ memory: 1, crashed: 0 });
    await expect.poll(() => isAlive(first!)).toBe(false);
  });

  test("M6: a caller that goes away in the middle of a batch takes only its own answer along", async () => {
    const { pool } = await start(slowModel(300, 256));
    const leaving = new AbortController();
    const gone = pool.infer(rowsOf(8, 256), leaving.signal);
    const staying = pool.infer(rowsOf(8, 256), never);
    while (pool.waiting > 0) await new Promise((resolve) => setImmediate(resolve));
    leaving.abort();
    await expect(gone).rejects.toMatchObject({ code: "INFERENCE_DEADLINE" });
    expect((await staying).y?.shape).toEqual([8, 256]);
    await expect(pool.infer(rowsOf(1, 256), never)).resolves.toHaveProperty("y");
  });

  test("M7: rows are counted, not requests, and more than can ever wait are refused at once", async () => {
    const { pool } = await start(doubler(), { maxRows: 2, maxWaiting: 3 });
    const six = row(...Array.from({ length: 12 }, (_, i) => i));
    expect((await pool.infer(six, never)).y?.shape).toEqual([6, 2]);
    const seven = row(...Array.from({ length: 14 }, (_, i) => i));
    await expect(pool.infer(seven, never)).rejects.toMatchObject({ code: "INFERENCE_INPUT" });
  });

  test("M15: a process that is started again loads the bytes it had before, or says that they changed", async () => {
    const { heard, logger } = listen("inference.restart-failed");
    const { pool, modelPath } = await start(doubler(), {}, logger);
    const { sha256 } = pool;
    await writeFile(modelPath, doubler("rows", 3));
    process.kill(pool.pids[0]!, "SIGKILL");
    expect(await heard).toMatchObject({ code: "MINER_MODEL_CHANGED" });
    expect(pool.isReady).toBe(false);
    await writeFile(modelPath, doubler());
    expect((await pool.infer(row(1, 2), never)).y!.data[0]).toBe(2);
    expect(pool.sha256).toBe(sha256);
  });

  test("keeps a limit of memory only where a session has a process of its own", async () => {
    const options = { isolation: "thread", maxRssBytes: 1e9 } as const;
    await expect(start(doubler(), options)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  test.each<Isolation>(["thread", "inline"])("does the same work with isolation %s", async (isolation) => {
    const { pool } = await start(doubler(), { isolation, maxRows: 4 });
    const answers = await Promise.all([1, 2, 3].map((n) => pool.infer(row(n, -n, 0, 0), never)));
    expect(answers.map(({ y }) => y!.data[0])).toEqual([2, 4, 6]);
    expect(pool.pids).toEqual([process.pid]);
    await expect(start(Buffer.from("not a model"), { isolation })).rejects.toMatchObject({
      code: "MINER_MODEL_INVALID",
    });
    const open = pool.infer(row(1, 2), never);
    const outcome = expect(open).rejects.toMatchObject({ code: "INFERENCE_STOPPED" });
    await pool.close();
    await outcome;
  });

  test("ends every request exactly once, with its own rows, whatever dies or goes away meanwhile", async () => {
    const { pool } = await start(doubler(), { maxRows: 3, processes: 2 });
    const request = fc.record({ rows: fc.integer({ min: 1, max: 8 }), leaves: fc.boolean() });
    const schedule = fc.array(fc.oneof({ weight: 6, arbitrary: request }, fc.constant("turn" as const)), {
      minLength: 5,
      maxLength: 60,
    });
    let number = 0;
    await fc.assert(
      fc.asyncProperty(schedule, fc.nat(59), async (steps, killAt) => {
        const outcomes: Promise<void>[] = [];
        for (const [at, step] of steps.entries()) {
          if (at === killAt && pool.pids[0] !== undefined) process.kill(pool.pids[0], "SIGKILL");
          if (step === "turn") {
            await new Promise((resolve) => setImmediate(resolve));
            continue;
          }
          const caller = new AbortController();
          const first = ++number;
          const values = Array.from({ length: step.rows * 2 }, (_, i) => first + i);
          const answer = pool.infer(row(...values), caller.signal).then(
            ({ y }) => expect(Array.from(y!.data, Number)).toEqual(values.map((value) => 2 * value)),
            (error: unknown) => {
              expect(step.leaves && isSubforgeError(error, "INFERENCE_DEADLINE"), String(error)).toBe(true);
            },
          );
          outcomes.push(answer);
          if (step.leaves) setImmediate(() => caller.abort());
        }
        await Promise.all(outcomes);
        expect(pool.waiting).toBe(0);
      }),
      { numRuns: 8 },
    );
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
