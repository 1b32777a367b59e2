import { describe, expect, test } from "vitest";
import { ManualClock } from "../../shared/manual-clock.test-kit.ts";
import { GpuSampler } from "./gpu-sampler.ts";
import type { Gpu, GpuQuery } from "./nvidia-smi.ts";

const uuid = "GPU-1f2e3d4c-5b6a-7988-a7b6-c5d4e3f20110";
const card: Gpu = {
  ...{ index: 0, uuid, name: "NVIDIA H200", driver: "580.82.07", capability: "9.0" },
  ...{ memoryBytes: 150e9, usedBytes: 2e9, utilization: 0.5, celsius: 40 },
};
const good: GpuQuery = { ok: true, gpus: [card], processes: [{ pid: 7, uuid, usedBytes: 1e9 }] };

function sampler(answers: GpuQuery[]) {
  const clock = new ManualClock();
  let asked = 0;
  const query = async () => {
    asked += 1;
    const answer = answers.shift();
    if (answer === undefined) throw new Error("the program is gone");
    return answer;
  };
  return { clock, sampler: new GpuSampler(query, clock), asked: () => asked };
}

/** Keeps what was set, as a registry does. */
function gauges() {
  const shown = new Map<string, number>();
  return {
    shown,
    set: (name: string, value: number, { gpu }: { gpu: string }) => void shown.set(`${name} ${gpu}`, value),
    reset: (name: string) => {
      for (const key of shown.keys()) if (key.startsWith(name)) shown.delete(key);
    },
  };
}

describe("the state of the cards", () => {
  test("is asked for once in five seconds, however many want it", async () => {
    const { sampler: one, asked, clock } = sampler([good, good]);
    await Promise.all([one.gpus(), one.vramOf(7), one.report(gauges())]);
    expect(await one.gpus()).toEqual([card]);
    expect(asked()).toBe(1);
    await clock.advance(5_000);
    await one.gpus();
    expect(asked()).toBe(2);
  });

  test("has the memory of a process, where it is told", async () => {
    const { sampler: one } = sampler([good]);
    expect(await one.vramOf(7)).toBe(1e9);
    expect(await one.vramOf(8)).toBeUndefined();
  });

  test("becomes gauges per card, and a card that is gone has none", async () => {
    const { sampler: one, clock } = sampler([good, { ok: false, reason: "fell off the bus" }]);
    const metrics = gauges();
    await one.report(metrics);
    expect([...metrics.shown]).toEqual([
      ["sf_vram_bytes 0", 2e9],
      ["sf_gpu_utilization_ratio 0", 0.5],
    ]);
    await clock.advance(5_000);
    await one.report(metrics);
    expect(metrics.shown.size).toBe(0);
  });

  test("is nothing when it cannot be read, and no error", async () => {
    expect(await sampler([]).sampler.gpus()).toEqual([]);
  });
});
