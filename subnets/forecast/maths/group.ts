import { combine, spreadOf, type WeightMap, weigh } from "./weights.ts";

/** Some workers, gathered to be combined: arrays with room for all, of which the first entries are used. */
export type Group = {
  values: Float64Array;
  regrets: Float64Array;
  /** As `combinedOf` left them. */
  weights: Float64Array;
  count: number;
  /** Regrets that the spread is taken over. */
  counted: Float64Array;
  countedCount: number;
};

/** @param room - Most that will ever join. */
export function createGroup(room: number): Group {
  const column = () => new Float64Array(room);
  return {
    values: column(),
    regrets: column(),
    weights: column(),
    count: 0,
    counted: column(),
    countedCount: 0,
  };
}

export function clear(group: Group): void {
  group.count = 0;
  group.countedCount = 0;
}

export function join(group: Group, value: number, regret: number, isCounted: boolean): void {
  group.values[group.count] = value;
  group.regrets[group.count] = regret;
  group.count++;
  if (isCounted) group.counted[group.countedCount++] = regret;
}

/** F2 to F4. With fewer than two regrets that count, all do. */
export function combinedOf(group: Group, map: WeightMap): number {
  const spread =
    group.countedCount < 2
      ? spreadOf(group.regrets, group.count, map.epsilon)
      : spreadOf(group.counted, group.countedCount, map.epsilon);
  weigh(group.regrets, group.count, group.weights, map, spread);
  return combine(group.values, group.weights, group.count);
}
