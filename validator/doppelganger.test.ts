import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openJournal } from "../shared/journal/journal.ts";
import type { WeightRecords } from "../shared/journal/weight-records.ts";
import { Keypair, keysReady } from "../shared/keys/keypair.ts";
import { Doppelganger } from "./doppelganger.ts";
import type { ValidatorEvent } from "./events.ts";
import { TestChain } from "./test-net.test-kit.ts";

const NETUID = 2;
const TEMPO = 20;
const WEIGHTS = { uids: [1], values: [65535] };

const folder = mkdtempSync(join(tmpdir(), "subforge-doppelganger-"));
const closing: { close(): void }[] = [];
let signer: Keypair;
let files = 0;

beforeAll(async () => {
  await keysReady();
  signer = Keypair.fromUri("//Bob");
});
afterAll(() => {
  for (const journal of closing) journal.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("a validator that starts", () => {
  it("V7: without a journal waits one epoch, asks the chain, and then may sign", async () => {
    const { chain, look, events } = start();
    expect(await look()).toBe(false);
    expect(events[0]).toMatchObject({ event: "doppelganger.waiting", untilBlock: chain.best.number + TEMPO });
    for (let block = 0; block < TEMPO; block++) {
      expect(await look()).toBe(false);
      chain.makeBlock();
    }
    expect(await look()).toBe(true);
    expect(events.at(-1)).toMatchObject({ event: "doppelganger.clear", proof: "waited" });
  });

  it("V9: stops when another machine sets weights with its hotkey meanwhile", async () => {
    const { chain, look } = start();
    await setWeights(chain); // before it looked: that machine may be gone
    expect(await look()).toBe(false);
    await setWeights(chain);
    await expect(look()).rejects.toMatchObject({
      code: "DOPPELGANGER_FOUND",
      details: { block: chain.best.number },
    });
  });

  it("need not wait when its journal knows the chain's last weights", async () => {
    const { chain, look, weights, events } = start();
    await setWeights(chain, weights);
    expect(await look()).toBe(true);
    expect(events).toMatchObject([{ event: "doppelganger.clear", proof: "journal" }]);
  });

  it("need not wait after a crash between sending and recording: the bytes are found in their block", async () => {
    const { chain, look, weights } = start();
    await setWeights(chain, weights, "crashed");
    expect(weights.latest(NETUID, 0, 1)).toMatchObject([{ status: "submitted", block: undefined }]);
    expect(await look()).toBe(true);
  });

  it("V7: waits with an older copy of its journal: the chain has weights that the copy does not know", async () => {
    const { chain, look, weights } = start();
    await setWeights(chain, weights);
    await setWeights(chain); // after the copy was made
    expect(await look()).toBe(false);
    for (let block = 0; block < TEMPO; block++) chain.makeBlock();
    expect(await look()).toBe(true);
  });

  it("takes weights of its own that arrive while it waits for its own", async () => {
    const { chain, look, weights } = start();
    await setWeights(chain);
    expect(await look()).toBe(false);
    await setWeights(chain, weights); // bytes from before the crash, sent again
    expect(await look()).toBe(true);
  });

  it("does not take a registration for a sign of life, and waits for nothing when told so", async () => {
    const { chain, look } = start();
    expect(await look()).toBe(false);
    chain.makeBlock();
    chain.reregister(0);
    expect(await look()).toBe(false);
    const off = start(0);
    expect(await off.look()).toBe(true);
    expect(off.events).toMatchObject([{ event: "doppelganger.clear", proof: "off" }]);
  });
});

class RegistryChain extends TestChain {
  /** The same hotkey registers again, which the chain counts as an update. */
  reregister(uid: number): void {
    const block = this.best.number;
    const metagraph = this.metagraph.bind(this);
    this.metagraph = async (netuid) => {
      const found = await metagraph(netuid);
      Object.assign(found.neurons[uid]!, { registeredAt: block, lastUpdate: block });
      return found;
    };
  }
}

function start(epochs = 1) {
  const chain = new RegistryChain();
  chain.tempo = TEMPO;
  chain.add(signer.address, undefined, { validatorPermit: true });
  chain.add("miner", 1);
  chain.makeBlock();
  const path = join(folder, `${files++}.db`);
  const journal = openJournal({ path, genesis: chain.identity.genesis, hotkey: signer.address });
  closing.push(journal);
  const { weights } = journal;
  const events: ValidatorEvent[] = [];
  const lookout = new Doppelganger(
    { netuid: NETUID, mechanisms: [0], epochs },
    { chain, hotkey: signer.address, weights, onEvent: (event) => void events.push(event) },
  );
  return { chain, weights, events, look: () => lookout.isClear() };
}

/** A call in the next block: of this machine when its journal is given, of another one otherwise. */
async function setWeights(chain: TestChain, weights?: WeightRecords, end?: "crashed"): Promise<void> {
  const block = chain.best.number;
  const call = await chain.sign(
    { kind: "setWeights", netuid: NETUID, weights: WEIGHTS, versionKey: 0 },
    signer,
  );
  const key = { netuid: NETUID, mechanism: 0, epoch: block };
  weights?.decide(key, { content: WEIGHTS, versionKey: 0, block }, 0);
  weights?.signed(key, call, 0);
  weights?.submitted(key, 0);
  const sent = chain.submit(call);
  await new Promise((resolve) => setImmediate(resolve));
  chain.makeBlock();
  const inclusion = await sent;
  if (end !== "crashed") weights?.included(key, inclusion, 0);
}
