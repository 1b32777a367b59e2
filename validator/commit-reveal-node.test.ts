import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalNode, startLocalNode } from "../localnet/node/local-node.ts";
import type { Call, Chain } from "../shared/chain/chain.ts";
import { sendCall } from "../shared/chain/send-call.ts";
import { openSubstrateChain } from "../shared/chain/substrate-chain.ts";
import { systemClock } from "../shared/clock.ts";
import { type Journal, openJournal } from "../shared/journal/journal.ts";
import { Keypair, keysReady } from "../shared/keys/keypair.ts";
import { silentLogger } from "../shared/logger.ts";
import type { ValidatorEvent } from "./events.ts";
import { WeightSetter } from "./weight-setter.ts";

const TEMPO = 12;

const folder = mkdtempSync(join(tmpdir(), "subforge-commit-node-"));
let node: LocalNode;
let chain: Chain;
let journal: Journal;
let hotkey: Keypair;
let netuid: number;
const events: ValidatorEvent[] = [];

beforeAll(async () => {
  await keysReady();
  node = await startLocalNode({ port: 0, mode: { kind: "instant" }, logger: silentLogger });
  chain = await openSubstrateChain({ endpoint: node.endpoint }, silentLogger);
  hotkey = Keypair.fromUri("//Alice//hotkey");
  const owner = Keypair.fromUri("//Alice");
  const send = (call: Call) => sendCall(chain, call, owner);
  await send({ kind: "registerNetwork", hotkey: hotkey.address });
  netuid = 2;
  await send({ kind: "startCall", netuid });
  const miner = Keypair.fromUri("//Miner").address;
  await send({ kind: "burnedRegister", netuid, hotkey: miner });
  for (const [call, args] of [
    ["sudoSetWeightsSetRateLimit", { netuid, weightsSetRateLimit: 0 }],
    ["sudoSetMinAllowedWeights", { netuid, minAllowedWeights: 1 }],
    ["sudoSetAdminFreezeWindow", { window: 0 }],
    ["sudoSetTempo", { netuid, tempo: TEMPO }],
  ] as const) {
    await send({ kind: "sudo", pallet: "adminUtils", call, args });
  }
  node.newBlock(TEMPO + 1); // an epoch gives the owner its permit
  journal = openJournal({
    path: join(folder, "journal.db"),
    genesis: chain.identity.genesis,
    hotkey: hotkey.address,
  });
});

afterAll(async () => {
  journal?.close();
  await chain?.close();
  await node?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("weights on a node", () => {
  it.each([
    ["timelock", true, 4],
    ["hash", true, 5],
    ["plain", false, 4],
  ])("end verified when the chain takes them by %s", async (method, enabled, version) => {
    const owner = Keypair.fromUri("//Alice");
    const admin = (call: string, args: Record<string, unknown>) =>
      sendCall(chain, { kind: "sudo", pallet: "adminUtils", call, args }, owner);
    await admin("sudoSetCommitRevealWeightsEnabled", { netuid, enabled });
    await admin("sudoSetCommitRevealVersion", { version });

    const { epochIndex: epoch } = await freshEpoch();
    const key = { netuid, mechanism: 0, epoch };
    const { neurons } = await chain.metagraph(netuid);
    const shares = neurons.slice(0, 2).map((neuron) => ({ ...neuron, weight: neuron.uid + epoch }));
    await setter().decide(key, shares);
    for (let blocks = 0; blocks < 3 * TEMPO; blocks++) {
      await setter().advance(netuid, 0); // a new one each time: nothing is remembered but the journal
      if (["verified", "failed", "abstained"].includes(journal.weights.get(key)!.status)) break;
      node.newBlock();
    }
    const record = journal.weights.get(key)!;
    expect(record).toMatchObject({ status: "verified", method, reason: undefined });
    expect(await chain.weights(netuid, 0)).toEqual(record.content);
    expect(await chain.lastUpdate(netuid, 0, 0)).toBe(record.block);
    expect(await chain.openCommits(netuid, hotkey.address, 0)).toEqual([]);
    if (method !== "plain") expect(events.map(({ event }) => event)).toContain("weights.revealed");
  });
});

/** Early in an epoch: a commit that lands later belongs to the next one. */
async function freshEpoch() {
  const rules = await chain.subnetRules(netuid);
  node.newBlock(rules.nextEpochBlock! - rules.block);
  return chain.subnetRules(netuid);
}

function setter(): WeightSetter {
  return new WeightSetter({
    chain,
    signer: hotkey,
    weights: journal.weights,
    clock: systemClock,
    logger: silentLogger,
    maySign: async () => true,
    onEvent: (event) => void events.push(event),
  });
}
