import { SubforgeError } from "../../shared/errors.ts";
import { loadOwner } from "../load-coldkey.ts";
import type { WalletArgs } from "../load-signer.ts";
import { createOutput } from "../output.ts";
import { formatTao } from "../tao.ts";
import { type ChainArgs, withChain } from "../with-chain.ts";
import { carryOut, type WriteArgs } from "../write-plan.ts";

export type RegisterSubnetArgs = WalletArgs & WriteArgs & ChainArgs & { hotkeyAddress?: string };

/**
 * Register a subnet for the price of now. Its owner is the coldkey, and the hotkey gets uid 0.
 *
 * @throws SubforgeError WRITE_NOT_SHOWN, and what `carryOut` throws
 */
export async function registerSubnet(args: RegisterSubnetArgs): Promise<void> {
  const output = createOutput(args);
  const { coldkey, hotkey, openColdkey } = await loadOwner(args);
  await withChain(args, async (chain) => {
    const costRao = await chain.registrationCost();
    const { plan, included } = await carryOut(
      {
        action: "register a new subnet",
        call: { kind: "registerNetwork", hotkey },
        signer: coldkey,
        costRao,
        effects: [
          `the price now is ${formatTao(costRao)}; it is not given back`,
          `owner ${coldkey}, with ${hotkey} as uid 0`,
          "when the network is full, the subnet with the lowest price gives way to it",
        ],
      },
      args,
      { chain, output, open: openColdkey },
    );
    if (included === undefined) {
      output.result({ registered: false, dryRun: true, hotkey, plan });
      return;
    }
    const subnet = (await chain.subnetsOf(coldkey)).find(
      ({ registeredAt }) => registeredAt === included.block,
    );
    if (!subnet)
      throw new SubforgeError("WRITE_NOT_SHOWN", { what: "the new subnet", block: included.block });
    const { netuid } = subnet;
    const { startableFrom } = await chain.subnetInfo(netuid);
    output.result({ registered: true, netuid, owner: coldkey, hotkey, startableFrom, plan, ...included }, [
      `registered in block ${included.block}, read back: subnet ${netuid}`,
      `next: subforge subnet start --netuid ${netuid}, from block ${startableFrom}`,
    ]);
  });
}
