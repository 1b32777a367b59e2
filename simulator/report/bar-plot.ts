import { scaleOf, xAxis } from "./axes.ts";
import { plain } from "./format-number.ts";
import { type FrameOptions, framePlot } from "./plot-frame.ts";
import { seriesClass } from "./plot-style.ts";
import { cut, label, tag, tooltip } from "./svg.ts";
import { roundUp } from "./ticks.ts";

const ROW = 28;
/** Room that the number behind a bar takes. */
const VALUE = 48;
/** Longer bars are cut at this many times the mark, with an arrow: one huge value must not hide the others. */
const MOST = 4;

export type Bar = {
  name: string;
  value: number;
  /** What this one is held against, drawn across it. */
  honest: number;
  text: string;
  note: string;
  bad: boolean;
};

/** Horizontal bars against a mark, such as what honest work earns. */
export function barPlot(
  frame: Omit<FrameOptions, "height" | "left">,
  bars: readonly Bar[],
  mark: { value: number; text: string },
): string {
  const most = Math.min(
    mark.value * MOST,
    bars.reduce((high, { value, honest }) => Math.max(high, value, honest), mark.value * 1.2),
  );
  return framePlot({ ...frame, height: bars.length * ROW + 14, left: 148 }, (area) => {
    const x = scaleOf(0, roundUp(most), area.left, area.right - 60);
    return [
      ...xAxis(area, x, { format: plain }),
      ...bars.map(({ name, value, honest, text, note, bad }, row) => {
        const y = area.top + 14 + row * ROW;
        const end = x(Math.max(0, Math.min(value, x.high)));
        const against = x(Math.min(honest, x.high));
        const after = against > end && against < end + VALUE ? against : end; // never the line through the number
        return tag(
          "g",
          { class: bad ? "bad" : seriesClass(0) },
          tooltip(note),
          label(cut(name, 20), { x: area.left - 10, y: y + 15, "text-anchor": "end", class: "key" }),
          tag("rect", {
            x: area.left,
            y: y + 2,
            width: end - area.left,
            height: ROW - 9,
            rx: 2,
            class: "bar",
          }),
          honest <= x.high
            ? tag("line", { x1: against, x2: against, y1: y - 1, y2: y + ROW - 4, class: "against" })
            : "",
          label(value > x.high ? `${text} →` : text, { x: after + 6, y: y + 15, class: "value" }),
        );
      }),
      tag("line", {
        ...{ x1: x(mark.value), x2: x(mark.value), y1: area.top, y2: area.bottom },
        class: "mark",
      }),
      label(mark.text, { x: x(mark.value) + 5, y: area.top + 8, class: "value" }),
    ];
  });
}
