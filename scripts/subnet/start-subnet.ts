import { SubforgeError } from "../../shared/errors.ts";
import { loadOwner } from "../load-coldkey.ts";
import type { WalletArgs } from "../load-signer.ts";
import { createOutput } from "../output.ts";
import { type ChainArgs, withChain } from "../with-chain.ts";
import { carryOut, type WriteArgs } from "../write-plan.ts";

export type StartSubnetArgs = WalletArgs & WriteArgs & ChainArgs & { netuid: number };

/**
 * Start a subnet as its owner, so that it takes part in emission. A subnet that was started stays so, and nothing is sent.
 *
 * @throws SubforgeError SUBNET_NOT_OWNER, SUBNET_TOO_YOUNG, WRITE_NOT_SHOWN, and what `carryOut` throws
 */
export async function startSubnet(args: StartSubnetArgs): Promise<void> {
  const output = createOutput(args);
  const { coldkey, openColdkey } = await loadOwner(args);
  const { netuid } = args;
  await withChain(args, async (chain) => {
    const { isStarted, owner, startableFrom, block } = await chain.subnetInfo(netuid);
    if (isStarted) {
      output.result({ started: true, already: true, netuid }, [`subnet ${netuid} was started already`]);
      return;
    }
    if (owner !== coldkey) throw new SubforgeError("SUBNET_NOT_OWNER", { netuid, owner, account: coldkey });
    // A call is in a block after the one that was read.
    if (block + 1 < startableFrom) {
      const blocksLeft = startableFrom - block - 1;
      throw new SubforgeError("SUBNET_TOO_YOUNG", { netuid, startableFrom, blocksLeft });
    }
    const { plan, included } = await carryOut(
      {
        action: `start subnet ${netuid}`,
        call: { kind: "startCall", netuid },
        signer: coldkey,
        costRao: 0n,
        effects: ["it takes part in emission from then on; this cannot be taken back"],
      },
      args,
      { chain, output, open: openColdkey },
    );
    if (included === undefined) {
      output.result({ started: false, dryRun: true, netuid, plan });
      return;
    }
    if (!(await chain.subnetInfo(netuid)).isStarted)
      throw new SubforgeError("WRITE_NOT_SHOWN", {
        what: `the start of subnet ${netuid}`,
        block: included.block,
      });
    output.result({ started: true, already: false, netuid, plan, ...included }, [
      `started in block ${included.block}, read back`,
      `next: subforge subnet lint --netuid ${netuid}`,
    ]);
  });
}
