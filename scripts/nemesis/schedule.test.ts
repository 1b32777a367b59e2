import { expect, it } from "vitest";
import { AFFLICTIONS, createSchedule, recoverySchedules } from "./schedule.ts";

it("the same seed gives the same faults, another seed others", () => {
  expect(createSchedule("7/3", 10, 6_000)).toEqual(createSchedule("7/3", 10, 6_000));
  expect(createSchedule("7/3", 10, 6_000)).not.toEqual(createSchedule("7/4", 10, 6_000));
});

it("fifty schedules have every kind of fault, and never one kind twice at a time", () => {
  const schedules = Array.from({ length: 50 }, (_, index) => createSchedule(`1/${index}`, 10, 6_000));
  const kinds = new Set(schedules.flatMap(({ strikes }) => strikes.map(({ kind }) => kind)));
  expect([...kinds].sort()).toEqual(Object.keys(AFFLICTIONS).sort());
  for (const { strikes } of schedules) {
    for (const [index, strike] of strikes.entries()) {
      const before = strikes.slice(0, index).filter(({ kind }) => kind === strike.kind);
      for (const { atMs, forMs } of before) expect(atMs + forMs).toBeLessThan(strike.atMs);
    }
  }
});

it("recoveries are measured one after the other", () => {
  for (const { strikes, lengthMs } of recoverySchedules(6_000)) {
    for (const [index, { atMs, forMs }] of strikes.entries()) {
      expect(atMs + forMs).toBeLessThan(strikes[index + 1]?.atMs ?? lengthMs);
    }
  }
});
