import type { EpochInput } from "../../localnet/runtime/consensus/epoch-columns.ts";
import { computeExactEpoch } from "../../localnet/runtime/consensus/exact-epoch.ts";
import { computeFastEpoch } from "../../localnet/runtime/consensus/fast-epoch.ts";
import { type EpochShares, settleEpoch } from "../../localnet/runtime/consensus/settle-epoch.ts";
import { type BenchCase, compareCosts, type Round } from "./bench-case.ts";
import { denseSubnet } from "./dense-subnet.ts";

const ROUNDS = 5;
/** The compiler needs some epochs to see what is hot; plain bigint gains nothing from it. */
const WARM_UP_EPOCHS = 12;

/** `aimMs`: what an idle server with two cores should take. */
const SIZES = [
  { n: 256, validators: 64, required: 5, aimMs: 3, epochsPerRound: 8 },
  { n: 4096, validators: 256, required: 3.5, aimMs: 100, epochsPerRound: 1 },
];

/** A whole epoch on full rows: in doubles, against the plain bigint form, which gives the same in every bit. */
export function benchYuma(): BenchCase[] {
  return [2, 3].flatMap((version) =>
    SIZES.map(({ n, validators, required, aimMs, epochsPerRound }) => {
      const input = denseSubnet(n, validators, version === 3);
      for (let epoch = 0; epoch < WARM_UP_EPOCHS; epoch++) fastEpoch(input);
      const rounds = Array.from({ length: ROUNDS }, (): Round => {
        const ours = cpuMsOf(() => fastEpoch(input), epochsPerRound);
        return { ours, peer: cpuMsOf(() => exactEpoch(input), 1) };
      });
      const name = `Yuma ${version}, ${n} uids x ${validators} validators (aim ${aimMs} ms)`;
      return compareCosts(name, "ms CPU", required, rounds);
    }),
  );
}

function fastEpoch(input: EpochInput): void {
  settleEpoch(input, computeFastEpoch(input) as EpochShares);
}

function exactEpoch(input: EpochInput): void {
  settleEpoch(input, computeExactEpoch(input));
}

/** CPU time, because whoever else uses the machine must not count. */
function cpuMsOf(work: () => void, times: number): number {
  const before = process.cpuUsage();
  for (let i = 0; i < times; i++) work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / times;
}
