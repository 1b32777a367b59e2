/**
 * Columns of a help text on a terminal. Stands in for the package of yargs that also measures emoji and East Asian
 * letters (`scripts/build.mjs` puts it there): loading that one costs more than half of a `--help`.
 */
export default function textWidth(text: string): number {
  return [...text].length;
}
