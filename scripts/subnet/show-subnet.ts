import { createOutput } from "../output.ts";
import { formatTao } from "../tao.ts";
import { type ChainArgs, withChain } from "../with-chain.ts";

export type ShowSubnetArgs = ChainArgs & { netuid: number; json: boolean };

/** Who a subnet belongs to, what joining costs, and when its next epoch is. @throws SubforgeError CHAIN_NO_SUBNET */
export async function showSubnet(args: ShowSubnetArgs): Promise<void> {
  await withChain(args, async (chain) => {
    const { netuid } = args;
    const [info, rules] = await Promise.all([chain.subnetInfo(netuid), chain.subnetRules(netuid)]);
    const { tempo, epochIndex, nextEpochBlock } = rules;
    createOutput(args).result({ ...info, tempo, epochIndex, nextEpochBlock: nextEpochBlock ?? null }, [
      `subnet   ${netuid} at block ${info.block}, registered in block ${info.registeredAt}`,
      `owner    ${info.owner}`,
      `hotkey   ${info.ownerHotkey}`,
      `neurons  ${info.neurons} of ${info.maxNeurons}, ${info.mechanisms} mechanism${info.mechanisms === 1 ? "" : "s"}`,
      `state    ${info.isStarted ? "started" : `not started; it can be from block ${info.startableFrom}`}`,
      info.isRegistrationOpen
        ? `join     ${formatTao(info.burnRao)} now: subforge register --netuid ${netuid}`
        : "join     registration is closed",
      nextEpochBlock === undefined
        ? "epochs   off: its tempo is 0"
        : `epochs   every ${tempo} blocks; number ${epochIndex} runs, the next one begins in block ${nextEpochBlock}`,
      `next: subforge subnet lint --netuid ${netuid}`,
    ]);
  });
}
