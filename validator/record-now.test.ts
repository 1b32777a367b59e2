import { expect, it } from "vitest";
import { Keypair, keysReady } from "../shared/keys/keypair.ts";
import { toModelCommitment } from "../shared/rules/model-commitment.ts";
import { encodeCommitment } from "./epoch-secret.ts";
import { recordNow } from "./record-now.ts";
import { TestChain } from "./test-net.test-kit.ts";

const model = toModelCommitment({ sha256: "ab".repeat(32), size: 9, uri: "axon:" });

/** Each of them in a block of its own. */
async function committed(chain: TestChain, data: Record<string, Uint8Array>): Promise<void> {
  for (const [uri, bytes] of Object.entries(data)) {
    const signer = Keypair.fromUri(uri);
    const call = await chain.sign({ kind: "commit", netuid: 2, data: bytes }, signer);
    setImmediate(() => chain.makeBlock());
    await chain.submit(call);
  }
}

async function record(chain: TestChain, change = {}) {
  const [rules, metagraph] = [{ ...(await chain.subnetRules(2)), ...change }, await chain.metagraph(2)];
  const { participants } = await recordNow(
    { mechanism: 0, validator: "somebody" },
    { chain, rules, metagraph },
  );
  return participants;
}

it("tells a template what miners had committed to when the epoch began, and no secret of a validator", async () => {
  await keysReady();
  const chain = new TestChain();
  for (const uri of ["//a", "//b", "//c", "//late"]) chain.add(Keypair.fromUri(uri).address, 1);
  const secret = encodeCommitment({ epoch: 1, hash: new Uint8Array(32) });
  await committed(chain, { "//a": model, "//b": secret, "//c": Uint8Array.of(1, 3, 7) });
  while (chain.epoch === 0) chain.makeBlock();
  await committed(chain, { "//late": model });
  expect((await record(chain)).map(({ commitment }) => commitment)).toEqual([
    { data: model, block: 1 },
    undefined,
    { data: Uint8Array.of(1, 3, 7), block: 3 },
    undefined,
  ]);
});

it("tells which neuron is the subnet owner's, if it is one", async () => {
  await keysReady();
  const chain = new TestChain();
  for (const uri of ["//a", "//b"]) chain.add(Keypair.fromUri(uri).address, 1);
  while (chain.epoch === 0) chain.makeBlock();
  const ownerHotkey = Keypair.fromUri("//b").address;
  expect((await record(chain, { ownerHotkey })).map(({ isOwner }) => isOwner)).toEqual([undefined, true]);
  expect((await record(chain)).map(({ isOwner }) => isOwner)).toEqual([undefined, undefined]);
});
