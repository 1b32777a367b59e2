/**
 * Where each value stands among the others, -1 for the lowest to 1 for the highest; equal values share the middle of
 * their places. What only the order of counts is compared by this: any rising function of the values leaves it alone.
 */
export function toRanks(values: ArrayLike<number>): Float64Array {
  const count = values.length;
  const order = Array.from({ length: count }, (_, index) => index);
  order.sort((a, b) => values[a]! - values[b]!);
  const ranks = new Float64Array(count);
  for (let from = 0, to = 0; from < count; from = to) {
    while (to < count && values[order[to]!] === values[order[from]!]) to++;
    const middle = (from + to - 1) / 2;
    for (let place = from; place < to; place++) {
      ranks[order[place]!] = count > 1 ? (2 * middle) / (count - 1) - 1 : 0;
    }
  }
  return ranks;
}
