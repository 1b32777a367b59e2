import { SubforgeError } from "../../shared/errors.ts";
import type { Sampling } from "../../validator/sampling.ts";

/**
 * `--sample` and `--sample-policy`.
 *
 * @throws SubforgeError CLI_USAGE
 */
export function samplingOf(
  { sample, samplePolicy }: { sample: string; samplePolicy: "random" | "stale-first" },
  command: string,
): Sampling {
  if (sample === "all") return { policy: "all" };
  const size = Number(sample);
  const isShare = size > 0 && size < 1;
  if (!isShare && !(Number.isInteger(size) && size >= 1 && size <= 65_536)) {
    const problem = `--sample ${sample} is neither all, nor a whole number above 0, nor a share between 0 and 1`;
    throw new SubforgeError("CLI_USAGE", { problem, command });
  }
  return { policy: samplePolicy, size };
}

/**
 * `--burn-share`.
 *
 * @throws SubforgeError CLI_USAGE
 */
export function burnShareOf({ burnShare }: { burnShare: number }, command: string): number {
  if (burnShare >= 0 && burnShare <= 1) return burnShare;
  const problem = `--burn-share ${burnShare} is not between 0 and 1`;
  throw new SubforgeError("CLI_USAGE", { problem, command });
}
