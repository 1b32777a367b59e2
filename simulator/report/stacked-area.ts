import { scaleOf, xAxis, yAxis } from "./axes.ts";
import { percent } from "./format-number.ts";
import { type FrameOptions, framePlot } from "./plot-frame.ts";
import { seriesClass } from "./plot-style.ts";
import { pathThrough, tag, tooltip } from "./svg.ts";

export type Layer = {
  name: string;
  series: number;
  /** One value for each place of `xs`, not negative. */
  values: readonly number[];
};

/** Layers on top of each other, shares of 1. Layers of one series differ in strength, so that members can be seen. */
export function stackedArea(frame: FrameOptions, xs: readonly number[], layers: readonly Layer[]): string {
  // One epoch has no width: it is drawn as wide as the plot.
  const single = xs.length === 1;
  const places = single ? [xs[0]!, xs[0]! + 1] : xs;
  const floors = places.map(() => 0);
  return framePlot(frame, (area) => {
    const x = scaleOf(places[0]!, places.at(-1)!, area.left, area.right);
    const y = scaleOf(0, 1, area.bottom, area.top);
    const marks = layers.map(({ name, series, values }, i) => {
      const member = layers.slice(0, i).filter((other) => other.series === series).length;
      const upper: [number, number][] = [];
      const lower: [number, number][] = [];
      places.forEach((place, at) => {
        lower.push([x(place), y(floors[at]!)]);
        floors[at]! += values[single ? 0 : at]!;
        upper.push([x(place), y(floors[at]!)]);
      });
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      return tag(
        "path",
        {
          class: `area ${seriesClass(series)}`,
          "fill-opacity": member % 2 === 0 ? 0.95 : 0.72,
          d: `${pathThrough([...upper, ...lower.reverse()])}Z`,
        },
        tooltip(`${name}: ${percent(mean)} on average`),
      );
    });
    return [
      ...yAxis(area, y, { format: (value) => `${Math.round(value * 100)} %` }),
      ...marks,
      ...xAxis(area, x, { whole: true }),
    ];
  });
}
