import { expect, test } from "vitest";
import type { ValidatorEvent } from "./events.ts";
import { pulseBench } from "./pulse.test-kit.ts";
import { StatusLine } from "./status-line.ts";

test("a validator is ready while blocks come, jobs move and its journal can be written", async () => {
  const { pulse, blocks } = pulseBench();
  expect((await pulse.ready()).checks).toMatchObject({ queue: "its turn: it does not plan yet" });
  pulse.plannerLooked();
  await blocks(3);
  expect(await pulse.ready()).toEqual({ ok: true, checks: { chain: "ok", queue: "ok", journal: "ok" } });
  expect(pulse.blockMs).toBe(12_000);
});

test("it is not, and says why, when one of them does not go on", async () => {
  const { pulse, world, clock } = pulseBench();
  pulse.plannerLooked();
  await clock.advance(61_000);
  expect((await pulse.ready()).checks).toMatchObject({ chain: "a new block: block 100 is 61 s old" });
  world.chain = { ...world.chain, best: undefined };
  world.queue = { ...world.queue!, progressAgeMs: 60_000 };
  world.journalPath = "/nowhere/journal.db";
  const { ok, checks } = await pulse.ready();
  expect(ok).toBe(false);
  expect(checks.chain).toContain("no endpoint");
  expect(checks.queue).toBe("workers: 2 jobs wait and none moved for 60 s");
  expect(checks.journal).toContain("ENOENT");
  world.queue = undefined;
  expect((await pulse.ready()).checks).toMatchObject({ queue: "Redis: it does not answer" });
});

test("it is alive while the thread that watches the main loop looks", async () => {
  const { pulse, world } = pulseBench();
  expect((await pulse.live()).ok).toBe(true);
  world.isWatched = false;
  expect((await pulse.live()).ok).toBe(false);
});

function statusBench(maxStallMs: number) {
  const bench = pulseBench();
  const told: Extract<ValidatorEvent, { event: "validator.waiting" }>[] = [];
  const onEvent = (event: ValidatorEvent) => {
    if (event.event === "validator.waiting") told.push(event);
  };
  const { clock } = bench;
  const status = new StatusLine({ pulse: bench.pulse, maxStallMs, onEvent, clock });
  const stop = new AbortController();
  const running = status.run(stop.signal);
  running.catch(() => undefined);
  const end = async () => {
    stop.abort();
    await clock.advance(5_000);
    await running;
  };
  return { ...bench, status, told, running, end };
}

const EPOCH = { netuid: 2, mechanism: 0, epoch: 7, startBlock: 90, tempo: 360, jobs: 4, asked: 8 } as const;

test("a minute without news is a line that says what comes next, and what is in force meanwhile", async () => {
  const { status, told, clock, world, pulse, end } = statusBench(180_000);
  status.onEvent({ event: "epoch.planned", ...EPOCH });
  const sent = { uids: [], values: [] };
  const weights = { netuid: 2, mechanism: 0, epoch: 6, sent, block: 88, extrinsicHash: "0x" } as const;
  status.onEvent({ event: "weights.verified", ...weights, readBack: sent, basis: "scored" });
  for (let second = 0; second < 70; second += 5) {
    await clock.advance(5_000);
    world.chain = { ...world.chain, best: world.chain.best! + 1 };
    pulse.plannerLooked();
  }
  expect(told).toHaveLength(1);
  expect(told[0]).toMatchObject({ lastVerified: { epoch: 6, block: 88 }, endsInMs: null });
  expect(told[0]!.for).toMatch(/^epoch 8, at block 450, in about \d+ min$/);
  await end();
});

test("a planner that finishes no block while blocks come ends itself after the time it was given", async () => {
  const { told, clock, world, pulse, running } = statusBench(120_000);
  pulse.plannerLooked();
  for (let second = 0; second < 140; second += 5) {
    await clock.advance(5_000);
    world.chain = { ...world.chain, best: world.chain.best! + 1 };
  }
  expect(told[0]!.for).toMatch(/^its own look at a block, for \d+ s; the newest is \d+$/);
  expect(told[0]!.endsInMs).toBeGreaterThan(0);
  await expect(running).rejects.toMatchObject({ code: "VALIDATOR_STALLED" });
});

test("a chain or a Redis that is away is named and waited for without end", async () => {
  const { told, clock, world, pulse, end } = statusBench(120_000);
  pulse.plannerLooked();
  world.chain = { ...world.chain, best: 101 };
  for (let second = 0; second < 600; second += 5) await clock.advance(5_000);
  expect(told.at(-1)).toMatchObject({ endsInMs: null });
  expect(told.at(-1)!.for).toContain("a new block: block 101");
  world.queue = undefined;
  for (let second = 0; second < 300; second += 5) {
    await clock.advance(5_000);
    world.chain = { ...world.chain, best: world.chain.best! + 1 };
  }
  expect(told.at(-1)).toMatchObject({ for: "Redis: it does not answer", endsInMs: null });
  await end();
});
