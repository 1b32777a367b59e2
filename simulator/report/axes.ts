import type { Area } from "./plot-frame.ts";
import { label, tag } from "./svg.ts";
import { ticksOf } from "./ticks.ts";

/** From a value to a place on the page. */
export type Scale = ((value: number) => number) & { low: number; high: number };

export function scaleOf(low: number, high: number, from: number, to: number): Scale {
  const width = high > low ? high - low : 1;
  const place = (value: number) => from + ((value - low) / width) * (to - from);
  return Object.assign(place, { low, high });
}

export type AxisOptions = { format?: (value: number) => string; whole?: boolean; count?: number };

/** Ticks and names along the lower edge. */
export function xAxis(area: Area, scale: Scale, options: AxisOptions = {}): string[] {
  const { format = String, whole = false, count = 8 } = options;
  const ticks = ticksOf(scale.low, scale.high, count, whole);
  return [
    tag("line", { x1: area.left, x2: area.right, y1: area.bottom, y2: area.bottom, class: "axis" }),
    ...ticks.flatMap((tick) => [
      tag("line", { x1: scale(tick), x2: scale(tick), y1: area.bottom, y2: area.bottom + 4, class: "axis" }),
      label(format(tick), { x: scale(tick), y: area.bottom + 18, "text-anchor": "middle" }),
    ]),
  ];
}

/** Lines across, and their names on the left. */
export function yAxis(area: Area, scale: Scale, options: AxisOptions = {}): string[] {
  const { format = String, whole = false, count = 5 } = options;
  return ticksOf(scale.low, scale.high, count, whole).flatMap((tick) => [
    tag("line", { x1: area.left, x2: area.right, y1: scale(tick), y2: scale(tick), class: "grid" }),
    label(format(tick), { x: area.left - 8, y: scale(tick) + 4, "text-anchor": "end" }),
  ]);
}
