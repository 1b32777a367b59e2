import { neuronByHotkey } from "../shared/chain/metagraph.ts";
import { SubforgeError } from "../shared/errors.ts";
import { loadOwner } from "./load-coldkey.ts";
import type { WalletArgs } from "./load-signer.ts";
import { createOutput } from "./output.ts";
import { formatTao } from "./tao.ts";
import { type ChainArgs, withChain } from "./with-chain.ts";
import { carryOut, type WriteArgs } from "./write-plan.ts";

export type RegisterArgs = WalletArgs & WriteArgs & ChainArgs & { netuid: number; hotkeyAddress?: string };

/**
 * Give a hotkey a uid on a subnet, for the price the chain asks now. A hotkey that has one keeps it, and nothing is sent.
 *
 * @throws SubforgeError REGISTRATION_CLOSED, WRITE_NOT_SHOWN, and what `carryOut` throws
 */
export async function registerHotkey(args: RegisterArgs): Promise<void> {
  const output = createOutput(args);
  const { coldkey, hotkey, openColdkey } = await loadOwner(args);
  const { netuid } = args;
  await withChain(args, async (chain) => {
    const [info, metagraph] = await Promise.all([chain.subnetInfo(netuid), chain.metagraph(netuid)]);
    const present = neuronByHotkey(metagraph, hotkey);
    if (present) {
      output.result(
        { registered: true, already: true, netuid, uid: present.uid, hotkey, coldkey: present.coldkey },
        [`${hotkey} is registered on subnet ${netuid} already: uid ${present.uid}`],
      );
      return;
    }
    if (!info.isRegistrationOpen) throw new SubforgeError("REGISTRATION_CLOSED", { netuid });
    const isFull = info.neurons >= info.maxNeurons;
    const { plan, included } = await carryOut(
      {
        action: `register ${hotkey} on subnet ${netuid}`,
        call: { kind: "burnedRegister", netuid, hotkey },
        signer: coldkey,
        costRao: info.burnRao,
        effects: [
          `the price now is ${formatTao(info.burnRao)}; it rises with each registration`,
          isFull
            ? `all ${info.maxNeurons} uids are taken: the neuron that earned least gives way`
            : `it gets a free uid: ${info.neurons} of ${info.maxNeurons} are taken`,
        ],
      },
      args,
      { chain, output, open: openColdkey },
    );
    if (included === undefined) {
      output.result({ registered: false, dryRun: true, netuid, hotkey, plan });
      return;
    }
    const neuron = neuronByHotkey(await chain.metagraph(netuid), hotkey);
    if (!neuron)
      throw new SubforgeError("WRITE_NOT_SHOWN", {
        what: `${hotkey} on subnet ${netuid}`,
        block: included.block,
      });
    output.result(
      { registered: true, already: false, netuid, uid: neuron.uid, hotkey, coldkey, plan, ...included },
      [
        `registered in block ${included.block}, read back: uid ${neuron.uid} of subnet ${netuid}`,
        `next: subforge miner serve --netuid ${netuid} --model model.onnx`,
      ],
    );
  });
}
