/**
 * Weights w that make x w nearest to y while their squares stay small: (x'x + strength rows I) w = x'y, by Cholesky's
 * decomposition.
 *
 * @param x - Row-major [rows, columns]. No column is left alone: for a constant, take means away first.
 */
export function fitRidge(x: ArrayLike<number>, y: ArrayLike<number>, strength: number): Float64Array {
  const rows = y.length;
  const columns = x.length / rows;
  const gram = new Float64Array(columns * columns);
  const moment = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < columns; i++) {
      const value = x[row * columns + i]!;
      moment[i]! += value * y[row]!;
      for (let j = 0; j <= i; j++) gram[i * columns + j]! += value * x[row * columns + j]!;
    }
  }
  for (let i = 0; i < columns; i++) gram[i * columns + i]! += strength * rows;
  return solve(gram, moment, columns);
}

/** `gram`: lower triangle, positive definite. Becomes its own factor. */
function solve(gram: Float64Array, right: Float64Array, n: number): Float64Array {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = gram[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= gram[i * n + k]! * gram[j * n + k]!;
      gram[i * n + j] = i === j ? Math.sqrt(sum) : sum / gram[j * n + j]!;
    }
  }
  const w = Float64Array.from(right);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) w[i]! -= gram[i * n + k]! * w[k]!;
    w[i]! /= gram[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) w[i]! -= gram[k * n + i]! * w[k]!;
    w[i]! /= gram[i * n + i]!;
  }
  return w;
}
