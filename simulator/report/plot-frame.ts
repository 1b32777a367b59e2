import { PLOT_STYLE, seriesClass } from "./plot-style.ts";
import { cut, label, tag } from "./svg.ts";

/** Units of the view box; a browser scales them. */
const PLOT_WIDTH = 760;
const CHARACTER = 7.4;
const LEGEND_ROW = 20;
const TITLE = 34;
const MAX_NAME = 28;

export type FrameOptions = {
  title: string;
  /** For those who do not see it: what it shows. */
  describe: string;
  /** Height of the drawing area. */
  height: number;
  legend?: readonly { name: string; series: number }[] | undefined;
  xLabel?: string | undefined;
  yLabel?: string | undefined;
  left?: number;
  bottom?: number;
};

/** Edges of the drawing area. */
export type Area = { left: number; right: number; top: number; bottom: number };

/**
 * Title, legend and names of the axes around what `draw` puts in the area: a whole SVG element, without a style.
 */
export function framePlot(options: FrameOptions, draw: (area: Area) => readonly string[]): string {
  const { title, describe, height, legend = [], xLabel, yLabel } = options;
  const { left = 66, bottom: below = 52 } = options;
  const { marks, rows } = drawLegend(legend.length > 1 ? legend : [], left);
  const top = TITLE + rows * LEGEND_ROW + 10;
  const area = { left, right: PLOT_WIDTH - 22, top, bottom: top + height };
  const total = area.bottom + below;
  const middle = (area.top + area.bottom) / 2;
  return tag(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      class: "plot",
      viewBox: `0 0 ${PLOT_WIDTH} ${total}`,
      role: "img",
      "aria-label": `${title}: ${describe}`,
    },
    label(title, { x: left, y: 22, class: "name" }),
    ...marks,
    ...draw(area),
    xLabel === undefined
      ? ""
      : label(xLabel, { x: (area.left + area.right) / 2, y: total - 8, "text-anchor": "middle" }),
    yLabel === undefined
      ? ""
      : label(yLabel, { x: 14, y: middle, "text-anchor": "middle", transform: `rotate(-90 14 ${middle})` }),
  );
}

/** A plot in a file of its own. */
export function toSvgFile(plot: string): string {
  const style = tag("style", {}, PLOT_STYLE);
  const end = plot.indexOf(">") + 1;
  return `${plot.slice(0, end)}${style}${plot.slice(end)}\n`;
}

function drawLegend(
  legend: readonly { name: string; series: number }[],
  left: number,
): { marks: string[]; rows: number } {
  let x = left;
  let row = 0;
  const marks = legend.map(({ name, series }) => {
    const shown = cut(name, MAX_NAME);
    const width = 34 + [...shown].length * CHARACTER;
    if (x > left && x + width > PLOT_WIDTH - 10) {
      x = left;
      row++;
    }
    const y = TITLE + row * LEGEND_ROW;
    const mark = tag(
      "g",
      { class: seriesClass(series) },
      tag("rect", { x, y, width: 12, height: 12, rx: 2.5, class: "swatch" }),
      label(shown, { x: x + 17, y: y + 10.5, class: "key" }),
    );
    x += width;
    return mark;
  });
  return { marks, rows: legend.length === 0 ? 0 : row + 1 };
}
