import { HYPERPARAMETER_NAMES, hyperparameter } from "../../shared/chain/hyperparameters.ts";
import { createOutput, table } from "../output.ts";
import { type ChainArgs, withChain } from "../with-chain.ts";

export type ListHyperparametersArgs = ChainArgs & { netuid: number; json: boolean };

/** Every rule of a subnet, what it counts, and who may set it. @throws SubforgeError CHAIN_NO_SUBNET */
export async function listHyperparameters(args: ListHyperparametersArgs): Promise<void> {
  await withChain(args, async (chain) => {
    const { netuid, block, hyperparameters } = await chain.subnetInfo(args.netuid);
    const rows = HYPERPARAMETER_NAMES.map((name) => {
      const { unit, owner, setter } = hyperparameter(name);
      return {
        name,
        value: hyperparameters[name],
        unit,
        setBy: !setter ? "nobody" : owner ? "owner" : "root",
      };
    });
    createOutput(args).result({ netuid, block, hyperparameters: rows }, [
      ...table([
        ["name", "value", "unit", "set by"],
        ...rows.map(({ name, value, unit, setBy }) => [name, String(value), unit, setBy]),
      ]),
      `set one: subforge subnet hyperparams --netuid ${netuid} set NAME VALUE`,
    ]);
  });
}
