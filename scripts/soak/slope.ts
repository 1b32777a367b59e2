/** Straight line through points, by least squares: its rise per unit of x. 0 for fewer than two points. */
export function slope(points: readonly { x: number; y: number }[]): number {
  const mean = (of: (point: { x: number; y: number }) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [x, y] = [mean((point) => point.x), mean((point) => point.y)];
  const spread = points.reduce((sum, point) => sum + (point.x - x) ** 2, 0);
  if (spread === 0 || points.length < 2) return 0;
  return points.reduce((sum, point) => sum + (point.x - x) * (point.y - y), 0) / spread;
}

/** The lowest of each `size` points in a row: what a garbage collector leaves, not what it has yet to take. */
export function lows(points: readonly { x: number; y: number }[], size: number): { x: number; y: number }[] {
  const found: { x: number; y: number }[] = [];
  for (let from = 0; from + size <= points.length; from += size) {
    const part = points.slice(from, from + size);
    found.push(part.reduce((lowest, point) => (point.y < lowest.y ? point : lowest)));
  }
  return found;
}
