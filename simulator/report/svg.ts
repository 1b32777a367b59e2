import { escapeMarkup } from "./escape-markup.ts";

type Attributes = Readonly<Record<string, string | number | undefined>>;

/** An element of SVG. Attributes are escaped; `children` are markup already. Coordinates are rounded to 0.01. */
export function tag(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const listed = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === "number" ? round(value) : escapeMarkup(value!)}"`)
    .join("");
  return children.length === 0 ? `<${name}${listed}/>` : `<${name}${listed}>${children.join("")}</${name}>`;
}

/** Text of anybody's, escaped. */
export function label(content: string, attributes: Attributes): string {
  return tag("text", attributes, escapeMarkup(content));
}

/** Shown by a browser while the pointer rests on the mark it stands in. */
export function tooltip(content: string): string {
  return tag("title", {}, escapeMarkup(content));
}

/** Path through points, without a command to close it. */
export function pathThrough(points: readonly (readonly [number, number])[]): string {
  return points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${round(x)} ${round(y)}`).join("");
}

function round(value: number): number {
  return Math.round(value * 100) / 100 + 0; // + 0: never "-0"
}

/** No more than so many characters: the end is cut. */
export function cut(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join("")}…`;
}
