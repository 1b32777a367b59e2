import type { Band } from "../analysis/distribution.ts";

/** What stands where there is nothing to measure. */
export const NOTHING = "–";

/** Three digits that count, no exponent where people would not write one. */
export function plain(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return NOTHING;
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(2);
  return String(Number(size >= 100 ? value.toFixed(0) : value.toPrecision(3)));
}

/** A share as per cent. */
export function percent(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return NOTHING;
  const hundredths = value * 100;
  const digits = Math.abs(hundredths) >= 10 || hundredths === 0 ? 1 : 2;
  const text = hundredths.toFixed(digits);
  return `${Number(text) === 0 ? "0" : text} %`;
}

/** A share as per cent on an axis, where ticks are round. */
export function roundPercent(value: number): string {
  return `${plain(value * 100)} %`;
}

/** Mean, and where most runs lie: only where they differ. */
export function withBand(band: Band | null, format: (value: number) => string): string {
  if (band === null) return NOTHING;
  const [mean, low, high] = [band.mean, band.low, band.high].map(format) as [string, string, string];
  return low === high ? mean : `${mean} (${low} to ${high})`;
}
