import { hyperparameter } from "../../shared/chain/hyperparameters.ts";
import { SubforgeError } from "../../shared/errors.ts";
import { loadOwner } from "../load-coldkey.ts";
import type { WalletArgs } from "../load-signer.ts";
import { createOutput } from "../output.ts";
import { type ChainArgs, withChain } from "../with-chain.ts";
import { carryOut, type WriteArgs } from "../write-plan.ts";
import { parseHyperparameter } from "./hyperparameter-value.ts";

export type SetHyperparameterArgs = WalletArgs &
  WriteArgs &
  ChainArgs & { netuid: number; name: string | undefined; value: string | undefined };

/**
 * Set one rule of a subnet, as its owner.
 *
 * @throws SubforgeError HYPERPARAMETER_INVALID, SUBNET_NOT_OWNER, WRITE_NOT_SHOWN, and what `carryOut` throws
 */
export async function setHyperparameter(args: SetHyperparameterArgs): Promise<void> {
  const output = createOutput(args);
  const { netuid } = args;
  const { coldkey, openColdkey } = await loadOwner(args);
  await withChain(args, async (chain) => {
    const before = await chain.subnetInfo(netuid);
    const { name, setter, value } = parseHyperparameter(
      args.name,
      args.value,
      (of) => before.hyperparameters[of],
    );
    const { unit, owner } = hyperparameter(name);
    if (!owner)
      throw new SubforgeError("HYPERPARAMETER_INVALID", {
        name,
        problem: "only the chain's administrator sets it",
      });
    if (before.owner !== coldkey)
      throw new SubforgeError("SUBNET_NOT_OWNER", { netuid, owner: before.owner, account: coldkey });
    const from = before.hyperparameters[name];
    if (from === value) {
      output.result({ set: true, already: true, netuid, name, value }, [`${name} is ${value} already`]);
      return;
    }
    const { plan, included } = await carryOut(
      {
        action: `set ${name} of subnet ${netuid}`,
        call: { kind: "setHyperparameter", netuid, setter, value },
        signer: coldkey,
        costRao: 0n,
        effects: [
          `${name}: ${from} → ${value} ${unit}`.trimEnd(),
          "the chain takes the same rule from its owner again only after its rate limit, two epochs by default",
        ],
      },
      args,
      { chain, output, open: openColdkey },
    );
    if (included === undefined) {
      output.result({ set: false, dryRun: true, netuid, name, value, plan });
      return;
    }
    const stored = (await chain.subnetInfo(netuid)).hyperparameters[name];
    if (stored !== value) {
      const what = `${name} = ${value}: it is ${stored}`;
      throw new SubforgeError("WRITE_NOT_SHOWN", { what, block: included.block });
    }
    output.result({ set: true, already: false, netuid, name, value, plan, ...included }, [
      `set in block ${included.block}, read back: ${name} = ${value}`,
    ]);
  });
}
