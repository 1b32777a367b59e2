import { U64F64 } from "../../consensus/fixed.ts";
import type { Context } from "../../dsl/context.ts";
import { Swap } from "../swap.ts";
import { spotPrice, subnetIds } from "./subnets.ts";

/** Keep the square roots of all prices, where clients of an older chain look for prices. */
export function updateSqrtPrices({ store: s }: Context): void {
  for (const netuid of subnetIds(s)) {
    const root = squareRoot(spotPrice(s, netuid) << U64F64.fractionBits);
    if (root !== Swap.AlphaSqrtPrice.get(s, netuid)) Swap.AlphaSqrtPrice.put(s, netuid, root);
  }
}

/** Floor of the square root, by Newton's steps from above. */
function squareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt(Math.ceil(value.toString(2).length / 2));
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}
