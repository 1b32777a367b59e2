import { quantile } from "../analysis/distribution.ts";
import { scaleOf, xAxis } from "./axes.ts";
import { plain } from "./format-number.ts";
import { type FrameOptions, framePlot } from "./plot-frame.ts";
import { seriesClass } from "./plot-style.ts";
import { cut, label, tag, tooltip } from "./svg.ts";
import { roundUp } from "./ticks.ts";

const ROW = 42;
/** More dots than these hide each other. */
const MAX_DOTS = 64;

export type BoxRow = {
  name: string;
  series: number;
  /** What the box is made of; not empty. */
  values: readonly number[];
  /** One per member. */
  dots: readonly { name: string; value: number }[];
};

/** For each group a box from the lower to the upper quarter, whiskers from 5 % to 95 %, its median, a dot per member. */
export function boxPlot(frame: Omit<FrameOptions, "height" | "left">, rows: readonly BoxRow[]): string {
  const most = rows.reduce((high, { values }) => values.reduce((a, b) => Math.max(a, b), high), 0);
  const least = rows.reduce((low, { values }) => values.reduce((a, b) => Math.min(a, b), low), 0);
  return framePlot({ ...frame, height: rows.length * ROW, left: 148 }, (area) => {
    const x = scaleOf(least < 0 ? -roundUp(-least) : 0, roundUp(most), area.left, area.right);
    return [
      ...xAxis(area, x, { format: plain }),
      ...rows.flatMap(({ name, series, values, dots }, row) => {
        const y = area.top + (row + 0.5) * ROW;
        const [p5, p25, p50, p75, p95] = [0.05, 0.25, 0.5, 0.75, 0.95].map((share) =>
          quantile(values, share),
        );
        return [
          tag("line", { x1: area.left, x2: area.right, y1: y + ROW / 2, y2: y + ROW / 2, class: "grid" }),
          label(cut(name, 20), { x: area.left - 10, y: y + 4, "text-anchor": "end", class: "key" }),
          tag(
            "g",
            { class: `row ${seriesClass(series)}` },
            tooltip(`${name}: median ${plain(p50!)}, 5 % ${plain(p5!)}, 95 % ${plain(p95!)}`),
            tag("line", { x1: x(p5!), x2: x(p95!), y1: y, y2: y, class: "rule" }),
            tag("rect", {
              ...{ x: x(p25!), y: y - 9, width: Math.max(1, x(p75!) - x(p25!)), height: 18, rx: 2 },
              class: "box",
            }),
            tag("line", { x1: x(p50!), x2: x(p50!), y1: y - 9, y2: y + 9, class: "median" }),
            ...dots
              .slice(0, MAX_DOTS)
              .map((dot) =>
                tag(
                  "circle",
                  { cx: x(dot.value), cy: y + 13, r: 3, class: "dot" },
                  tooltip(`${dot.name}: mean ${plain(dot.value)}`),
                ),
              ),
          ),
        ];
      }),
    ];
  });
}
