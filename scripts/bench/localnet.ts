import { spawnSync } from "node:child_process";
import { DEV_ACCOUNTS } from "../../localnet/node/dev-accounts.ts";
import { Keypair, keysReady } from "../../shared/keys/keypair.ts";
import { type BenchCase, compareCosts, type Round } from "./bench-case.ts";
import { type ChainProcess, startChainProcess } from "./chain-process.ts";
import { fillSubnet, Sender } from "./full-subnet.ts";

const ROUNDS = 5;
const TRANSACTIONS = 200;

/** What is asked for, in milliseconds. */
const READY_MS = 1_000;
const BLOCKS_1000_MS = 1_000;
const WARP_360_MS = 500;
/** Twice and more what a prototype took, so that a busy machine does not fail it. */
const METADATA_MS = 30;
const FULL_BLOCK_MS = 100;
/** A chain may take so many times as long as a Node process that does nothing. */
const STARTS_OF_NODE = 20;

/**
 * A local chain from outside, through its own sockets. Where nothing comparable runs without Docker or a download, the
 * peer is the figure that is asked for: Chopsticks needs a live chain to fork, a Subtensor node needs its binary.
 */
export async function benchLocalnet(): Promise<BenchCase[]> {
  await keysReady();
  const starts = await measureStarts();
  const chain = await startChainProcess();
  try {
    const metadata = await rounds(() => chain.call("state_getMetadata"));
    await chain.call("dev_newBlock", { count: 500 }); // compiles what is hot
    const empty = await rounds(() => chain.call("dev_newBlock", { count: 1_000 }));
    const full = await measureFullBlocks(chain);
    const warp = await measureWarp();
    return [
      compareCosts("ready and answering, against node -e 0", "ms", 1 / STARTS_OF_NODE, starts.againstNode),
      compareCosts("ready and answering, asked for", "ms", 1, askedFor(READY_MS, starts.ready)),
      compareCosts("1,000 empty blocks, asked for", "ms", 1, askedFor(BLOCKS_1000_MS, empty)),
      compareCosts("360 blocks and an epoch of 256 neurons, asked for", "ms", 1, askedFor(WARP_360_MS, warp)),
      compareCosts(`a block of ${TRANSACTIONS} transfers, asked for`, "ms", 1, askedFor(FULL_BLOCK_MS, full)),
      compareCosts("metadata, asked for", "ms", 1, askedFor(METADATA_MS, metadata)),
    ];
  } finally {
    await chain.close();
  }
}

async function measureStarts(): Promise<{ againstNode: Round[]; ready: number[] }> {
  const againstNode: Round[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = performance.now();
    spawnSync(process.execPath, ["-e", "0"]);
    const peer = performance.now() - before;
    const chain = await startChainProcess();
    againstNode.push({ ours: chain.answeredMs, peer });
    await chain.close();
  }
  return { againstNode, ready: againstNode.map(({ ours }) => ours) };
}

/** Blocks that are full of transfers, without the time of submitting them. */
async function measureFullBlocks(chain: ChainProcess): Promise<number[]> {
  const sender = new Sender(chain);
  const alice = Keypair.fromUri("//Alice");
  const dest = { type: "Id", value: DEV_ACCOUNTS[1]!.account };
  return rounds(
    () => chain.call("dev_newBlock"),
    async () => {
      for (let i = 0; i < TRANSACTIONS; i++) {
        await sender.send(alice, "Balances", "transfer_keep_alive", { dest, value: 1_000_000n });
      }
    },
  );
}

/** A full subnet with 64 validators; a tempo is 360 blocks, so each round crosses one epoch. */
async function measureWarp(): Promise<number[]> {
  const chain = await startChainProcess();
  try {
    await fillSubnet(chain, { neurons: 256, validators: 64 });
    return await rounds(() => chain.call("dev_newBlock", { count: 360 }));
  } finally {
    await chain.close();
  }
}

/** Milliseconds of each of some rounds. `prepare` is not measured. */
async function rounds(work: () => Promise<unknown>, prepare = async () => {}): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await prepare();
    const before = performance.now();
    await work();
    times.push(performance.now() - before);
  }
  return times;
}

function askedFor(peer: number, times: readonly number[]): Round[] {
  return times.map((ours) => ({ ours, peer }));
}
