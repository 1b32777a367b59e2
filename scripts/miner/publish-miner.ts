import { formatAddress, isShown, planAnnouncement } from "../../miner/announce.ts";
import { neuronByHotkey } from "../../shared/chain/metagraph.ts";
import { systemClock } from "../../shared/clock.ts";
import { SubforgeError } from "../../shared/errors.ts";
import { loadChainSigner, type SignerArgs } from "../chain-signer.ts";
import type { WantedAddress } from "../commands/miner.ts";
import { hotkeyAddressOf } from "../load-coldkey.ts";
import type { WalletArgs } from "../load-signer.ts";
import { createOutput } from "../output.ts";
import { type ChainArgs, withChain } from "../with-chain.ts";
import { carryOut, type WriteArgs } from "../write-plan.ts";
import { toAnnouncement } from "./to-announcement.ts";

/** The parsed flags of `subforge miner publish`. */
export type PublishMinerArgs = WalletArgs &
  SignerArgs &
  WriteArgs &
  ChainArgs & { netuid: number; port: number; announce: WantedAddress; reachHelper: string | undefined };

/** Reads until the chain shows what it included: the node that answers may be a block behind. */
const READ_BACKS = 10;
const READ_BACK_PAUSE_MS = 1_000;

/**
 * Publishes where the miner listens: only when the chain shows something else, and only when it would take it.
 *
 * @throws SubforgeError MINER_NOT_REGISTERED, MINER_ADDRESS_UNKNOWN, MINER_PUBLISH_LATER, WRITE_NOT_SHOWN, and what
 * `carryOut` throws
 */
export async function publishMiner(args: PublishMinerArgs): Promise<void> {
  const output = createOutput(args);
  const { netuid } = args;
  const wanted = await toAnnouncement(args);
  const address = formatAddress(wanted);
  const hotkey = await hotkeyAddressOf(args);
  await withChain(args, async (chain) => {
    const [info, metagraph] = await Promise.all([chain.subnetInfo(netuid), chain.metagraph(netuid)]);
    const self = neuronByHotkey(metagraph, hotkey);
    if (!self) throw new SubforgeError("MINER_NOT_REGISTERED", { hotkey, netuid });
    const limit = Number(info.hyperparameters.serving_rate_limit);
    const plan = planAnnouncement(wanted, self.axon, metagraph.block, limit);
    const shown = self.axon ? formatAddress(self.axon) : "none";
    const facts = { netuid, uid: self.uid, hotkey, address };
    if (plan.kind === "shown") {
      output.result({ published: true, already: true, ...facts }, [
        `the chain shows ${address} already: nothing was sent`,
      ]);
      return;
    }
    if (plan.kind === "later") {
      const { from: block, blocksLeft } = plan;
      throw new SubforgeError("MINER_PUBLISH_LATER", { address, shown, block, blocksLeft });
    }
    const { plan: written, included } = await carryOut(
      {
        action: `publish ${address} as the axon of uid ${self.uid} on subnet ${netuid}`,
        call: { kind: "serveAxon", netuid, ...wanted },
        signer: hotkey,
        costRao: 0n,
        effects: [
          `the chain shows ${shown} now`,
          limit === 0 ? "it may be changed at any time" : `it may be changed again ${limit} blocks later`,
        ],
      },
      args,
      { chain, output, open: () => loadChainSigner(args, "hotkey") },
    );
    if (included === undefined) {
      output.result({ published: false, dryRun: true, ...facts, plan: written });
      return;
    }
    const readBack = async () => neuronByHotkey(await chain.metagraph(netuid), hotkey)?.axon;
    for (let read = 0; !isShown(await readBack(), wanted); read += 1) {
      const { block } = included;
      if (read >= READ_BACKS) throw new SubforgeError("WRITE_NOT_SHOWN", { what: address, block });
      await systemClock.sleep(READ_BACK_PAUSE_MS);
    }
    output.result({ published: true, already: false, ...facts, plan: written, ...included }, [
      `published in block ${included.block}, read back: uid ${self.uid} of subnet ${netuid} at ${address}`,
      "next: subforge miner check --as-validator",
    ]);
  });
}
