/** F11: is this value near enough to the last median? The bound is inclusive; without any MAD yet, every value is. */
export function isNearMedian(value: number, lastMedian: number, mad: number, threshold: number): boolean {
  return mad === 0 || Math.abs(value - lastMedian) <= threshold * mad;
}
