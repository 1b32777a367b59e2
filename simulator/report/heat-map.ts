import { plain } from "./format-number.ts";
import { type Area, type FrameOptions, framePlot } from "./plot-frame.ts";
import { seriesClass } from "./plot-style.ts";
import { cut, label, tag, tooltip } from "./svg.ts";

/** More cells than this a page does not draw, nor an eye see: neighbours are averaged. */
const MAX_ROWS = 32;
const MAX_COLUMNS = 96;
const MAX_ROW_HEIGHT = 30;
const NAMED_COLUMNS = 26;

export type Matrix = {
  rows: readonly string[];
  columns: readonly string[];
  /** Row-major, not negative. */
  values: ArrayLike<number>;
};

/** Cells as dark as their value. Names of columns are turned where there is room for them. */
export function heatMap(
  frame: Omit<FrameOptions, "height" | "left" | "bottom">,
  matrix: Matrix,
  format: (value: number) => string = plain,
): string {
  const { rows, columns, values } = condense(matrix);
  const most = values.reduce((a, b) => Math.max(a, b), 0);
  const isNamed = columns.length <= NAMED_COLUMNS;
  const height = Math.max(64, Math.min(320, rows.length * MAX_ROW_HEIGHT));
  const below = isNamed ? 106 : 66;
  return framePlot({ ...frame, height, left: 128, bottom: below }, (area) => {
    const width = (area.right - area.left) / columns.length;
    const tall = height / rows.length;
    const cells = values.map((value, at) => {
      const row = Math.floor(at / columns.length);
      const column = at % columns.length;
      const gap = width > 6 ? 1 : 0;
      return tag(
        "rect",
        {
          ...{ x: area.left + column * width, y: area.top + row * tall },
          ...{ width: width - gap, height: tall - (tall > 6 ? 1 : 0), class: `bar cell ${seriesClass(0)}` },
          "fill-opacity": shadeOf(value, most),
        },
        tooltip(`${rows[row]} → ${columns[column]}: ${format(value)}`),
      );
    });
    return [
      ...cells,
      ...rows.map((name, row) =>
        label(cut(name, 18), {
          ...{ x: area.left - 8, y: area.top + (row + 0.5) * tall + 4, "text-anchor": "end" },
        }),
      ),
      ...(isNamed ? turnedNames(area, columns, width) : countedNames(area, columns, width)),
      ...scaleBar(area, most, format),
    ];
  });
}

function turnedNames(area: Area, columns: readonly string[], width: number): string[] {
  return columns.map((name, column) => {
    const x = area.left + (column + 0.5) * width + 4;
    const y = area.bottom + 12;
    return label(cut(name, 16), { x, y, "text-anchor": "end", transform: `rotate(-40 ${x} ${y})` });
  });
}

function countedNames(area: Area, columns: readonly string[], width: number): string[] {
  const every = Math.ceil(columns.length / 6);
  return columns.flatMap((name, column) =>
    column % every === 0
      ? [label(cut(name, 14), { x: area.left + column * width, y: area.bottom + 16 })]
      : [],
  );
}

/** Where one cell holds nearly all, the others must still differ: shades grow as square roots. */
function shadeOf(value: number, most: number): number {
  return 0.05 + 0.95 * (most > 0 ? Math.sqrt(Math.max(0, value) / most) : 0);
}

/** What light and dark mean, in the upper right. */
function scaleBar(area: Area, most: number, format: (value: number) => string): string[] {
  const steps = 12;
  const left = area.right - 190;
  return [
    label("0", { x: left - 6, y: 22, "text-anchor": "end" }),
    ...Array.from({ length: steps }, (_, i) =>
      tag("rect", {
        ...{ x: left + i * 10, y: 12, width: 10, height: 12, class: `bar ${seriesClass(0)}` },
        "fill-opacity": shadeOf((i / (steps - 1)) ** 2, 1),
      }),
    ),
    label(format(most), { x: left + steps * 10 + 6, y: 22 }),
  ];
}

type Condensed = { rows: readonly string[]; columns: readonly string[]; values: number[] };

function condense({ rows, columns, values }: Matrix): Condensed {
  const tall = Math.ceil(rows.length / MAX_ROWS);
  const wide = Math.ceil(columns.length / MAX_COLUMNS);
  const shownRows = mergeNames(rows, tall);
  const shownColumns = mergeNames(columns, wide);
  const sums = new Array<number>(shownRows.length * shownColumns.length).fill(0);
  const counts = sums.map(() => 0);
  for (let row = 0; row < rows.length; row++) {
    for (let column = 0; column < columns.length; column++) {
      const at = Math.floor(row / tall) * shownColumns.length + Math.floor(column / wide);
      sums[at]! += values[row * columns.length + column]!;
      counts[at]! += 1;
    }
  }
  return { rows: shownRows, columns: shownColumns, values: sums.map((sum, at) => sum / counts[at]!) };
}

function mergeNames(names: readonly string[], size: number): readonly string[] {
  if (size === 1) return names;
  return Array.from({ length: Math.ceil(names.length / size) }, (_, i) => {
    const last = Math.min(names.length, (i + 1) * size) - 1;
    return `${names[i * size]} … ${names[last]}`;
  });
}
