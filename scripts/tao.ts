import type { Rao } from "../shared/types.ts";

const RAO_PER_TAO = 1_000_000_000n;

/** An amount with all digits that count. @example formatTao(1_500_000_000n) // "1.5 TAO" */
export function formatTao(rao: Rao): string {
  return `${decimal(rao)} TAO`;
}

/** An amount of a subnet's own token, or of stake, four digits after the point, floored. */
export function formatAlpha(rao: Rao): string {
  return (Number(rao / 100_000n) / 10_000).toFixed(4);
}

function decimal(rao: Rao): string {
  const sign = rao < 0n ? "-" : "";
  const amount = rao < 0n ? -rao : rao;
  const fraction = (amount % RAO_PER_TAO).toString().padStart(9, "0").replace(/0+$/, "");
  return `${sign}${amount / RAO_PER_TAO}${fraction && `.${fraction}`}`;
}
