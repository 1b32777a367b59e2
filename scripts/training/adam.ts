const BETA_1 = 0.9;
const BETA_2 = 0.999;
const EPSILON = 1e-8;

/**
 * Steps of Adam (Kingma and Ba 2015) on some arrays of values, and then sets the gradients back to 0.
 *
 * @returns One step with this learning rate.
 */
export function createAdam(
  values: readonly Float64Array[],
  gradients: readonly Float64Array[],
): (rate: number) => void {
  const means = values.map(({ length }) => new Float64Array(length));
  const squares = values.map(({ length }) => new Float64Array(length));
  let steps = 0;
  return (rate) => {
    steps++;
    const stride = (rate * Math.sqrt(1 - BETA_2 ** steps)) / (1 - BETA_1 ** steps);
    values.forEach((value, part) => {
      const [gradient, mean, square] = [gradients[part]!, means[part]!, squares[part]!];
      for (let i = 0; i < value.length; i++) {
        const g = gradient[i]!;
        mean[i] = BETA_1 * mean[i]! + (1 - BETA_1) * g;
        square[i] = BETA_2 * square[i]! + (1 - BETA_2) * g * g;
        value[i]! -= (stride * mean[i]!) / (Math.sqrt(square[i]!) + EPSILON);
      }
      gradient.fill(0);
    });
  };
}
