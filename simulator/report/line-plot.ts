import { type AxisOptions, scaleOf, xAxis, yAxis } from "./axes.ts";
import { type FrameOptions, framePlot } from "./plot-frame.ts";
import { seriesClass } from "./plot-style.ts";
import { label, pathThrough, tag, tooltip } from "./svg.ts";
import { ticksOf } from "./ticks.ts";

export type Curve = {
  name: string;
  series: number;
  points: readonly { x: number; y: number; low?: number; high?: number; note?: string; bad?: boolean }[];
  /** A mark at each point, for few of them. */
  dots?: boolean;
};

export type LinePlotOptions = {
  frame: FrameOptions;
  curves: readonly Curve[];
  /** A dashed line across, with what it means. */
  mark?: { y: number; text: string };
  /** Tint what lies above the mark: there an attack pays. */
  tint?: boolean;
  /** Values that must be seen, whatever the curves say. */
  includes?: readonly number[];
  x?: AxisOptions;
  y?: AxisOptions;
};

/** Curves over a common axis, with bands where points have them. */
export function linePlot({
  frame,
  curves,
  mark,
  tint,
  includes = [],
  x: onX,
  y: onY,
}: LinePlotOptions): string {
  const points = curves.flatMap((curve) => curve.points);
  const xs = points.map(({ x }) => x);
  const ys = [...points.flatMap(({ y, low = y, high = y }) => [y, low, high]), ...includes];
  if (mark) ys.push(mark.y);
  const [low, high] = widened(least(ys), most(ys));
  return framePlot(frame, (area) => {
    const x = scaleOf(least(xs), most(xs), area.left, area.right);
    const y = scaleOf(low, high, area.bottom, area.top);
    return [
      mark && tint
        ? tag("rect", {
            ...{ x: area.left, y: area.top, width: area.right - area.left, height: y(mark.y) - area.top },
            class: "pays",
          })
        : "",
      ...yAxis(area, y, onY),
      ...(mark
        ? [
            tag("line", { x1: area.left, x2: area.right, y1: y(mark.y), y2: y(mark.y), class: "mark" }),
            label(mark.text, { x: area.right - 4, y: y(mark.y) - 6, "text-anchor": "end", class: "value" }),
          ]
        : []),
      ...curves.map((curve) => drawCurve(curve, x, y)),
      ...xAxis(area, x, onX),
    ];
  });
}

function drawCurve(
  { name, series, points, dots = points.length === 1 }: Curve,
  x: (value: number) => number,
  y: (value: number) => number,
): string {
  const banded = points.filter(({ low, high }) => low !== undefined && high !== undefined && low !== high);
  const band = [
    ...banded.map((point) => [x(point.x), y(point.high!)] as const),
    ...banded.map((point) => [x(point.x), y(point.low!)] as const).reverse(),
  ];
  return tag(
    "g",
    { class: seriesClass(series) },
    banded.length > 1 ? tag("path", { class: "band", d: `${pathThrough(band)}Z` }) : "",
    tag(
      "path",
      { class: "curve", d: pathThrough(points.map((point) => [x(point.x), y(point.y)] as const)) },
      tooltip(name),
    ),
    ...(dots
      ? points.map((point) =>
          tag(
            "circle",
            { class: point.bad ? "dot bad" : "dot", cx: x(point.x), cy: y(point.y), r: 4.5 },
            tooltip(point.note ?? name),
          ),
        )
      : []),
  );
}

/** To round numbers, so that the outermost lines are drawn. */
function widened(low: number, high: number): [number, number] {
  const [from, to] =
    high > low ? [low, high] : [low - Math.abs(low) * 0.1 - 0.01, high + Math.abs(high) * 0.1 + 0.01];
  const ticks = ticksOf(from, to, 5);
  const step = ticks.length > 1 ? ticks[1]! - ticks[0]! : to - from;
  return [Math.floor(from / step + 1e-9) * step, Math.ceil(to / step - 1e-9) * step];
}

function least(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
}

function most(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
}
