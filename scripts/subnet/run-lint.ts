import { EXIT } from "../../shared/errors.ts";
import { createOutput } from "../output.ts";
import { type ChainArgs, withChain } from "../with-chain.ts";
import { lintSubnet } from "./lint-rules.ts";

export type RunLintArgs = ChainArgs & { netuid: number; json: boolean };

/** Find the settings of a subnet that hurt. @returns 9 when one is an error, else 0. @throws SubforgeError CHAIN_NO_SUBNET */
export async function runLint(args: RunLintArgs): Promise<number> {
  return withChain(args, async (chain) => {
    const { netuid } = args;
    const [info, { neurons }] = await Promise.all([chain.subnetInfo(netuid), chain.metagraph(netuid)]);
    const findings = lintSubnet({ info, neurons });
    const errors = findings.filter(({ level }) => level === "error").length;
    createOutput(args).result({ netuid, block: info.block, ok: errors === 0, findings }, [
      ...findings.flatMap(({ code, level, value, why, next }) => [
        `${level === "error" ? "✗" : "!"} ${code}  ${value}`,
        `         ${why}`,
        `         next: ${next}`,
      ]),
      findings.length === 0
        ? `subnet ${netuid}: nothing to find fault with`
        : `subnet ${netuid}: ${errors} error${errors === 1 ? "" : "s"}, ${findings.length - errors} to think about`,
    ]);
    return errors === 0 ? EXIT.ok : EXIT.check;
  });
}
