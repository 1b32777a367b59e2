import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalNode, startLocalNode } from "../../localnet/node/local-node.ts";
import { ExternalSigner } from "../keys/external-signer.ts";
import { Keypair, keysReady } from "../keys/keypair.ts";
import { signedBytesOf } from "../keys/signing-payload.ts";
import { silentLogger } from "../logger.ts";
import type { Chain } from "./chain.ts";
import { sendCall } from "./send-call.ts";
import { openSubstrateChain } from "./substrate-chain.ts";

const TAO = 1_000_000_000n;

let folder: string;
let node: LocalNode;
let chain: Chain;
/** Of the subnet that the first test registers. */
const netuid = 2;
let signerServer: Server;
/** What the server signs instead of what it is asked to; undefined: what it is asked to. */
let swap: Uint8Array | undefined;

beforeAll(async () => {
  await keysReady();
  folder = await mkdtemp(join(tmpdir(), "subforge-signer-"));
  const alice = Keypair.fromUri("//Alice");
  signerServer = createServer((socket) => {
    let line = "";
    socket.setEncoding("utf8").on("data", (text: string) => {
      line += text;
      if (!line.endsWith("\n")) return;
      const { id, payload } = JSON.parse(line);
      const bytes = swap ?? Buffer.from(payload.slice(2), "hex");
      const signature = Buffer.from(alice.sign(signedBytesOf(bytes))).toString("hex");
      socket.end(`${JSON.stringify({ id, signature: `0x${signature}` })}\n`);
    });
  }).listen(join(folder, "s"));
  await once(signerServer, "listening");
  node = await startLocalNode({ port: 0, mode: { kind: "instant" }, logger: silentLogger });
  chain = await openSubstrateChain({ endpoint: node.endpoint }, silentLogger);
});
afterAll(async () => {
  await chain?.close();
  await node?.close();
  signerServer?.close();
  await rm(folder, { recursive: true });
});

function external(): ExternalSigner {
  const { publicKey } = Keypair.fromUri("//Alice");
  return new ExternalSigner({ path: join(folder, "s"), publicKey, scheme: "sr25519" });
}

describe("a call signed elsewhere", () => {
  it("W7 is accepted by the chain, short or long enough to be signed by its hash", async () => {
    const registered = await sendCall(
      chain,
      { kind: "registerNetwork", hotkey: Keypair.fromUri("//Host").address },
      external(),
    );
    expect(registered.ok).toBe(true);
    const data = new Uint8Array(300).fill(1);
    const committing = chain.sign({ kind: "commit", netuid: 0, data }, external());
    expect((await committing).bytes.length).toBeGreaterThan(2 * 300);
  });

  it("W7 is not sent when the signer signed something else", async () => {
    swap = Buffer.from("drain everything");
    const call = { kind: "registerNetwork", hotkey: Keypair.fromUri("//Host").address } as const;
    await expect(sendCall(chain, call, external())).rejects.toMatchObject({ code: "SIGNER_BAD_ANSWER" });
    swap = undefined;
  });

  it("is accepted from an ed25519 key", async () => {
    const key = Keypair.fromEd25519Seed(Buffer.alloc(32, 11));
    const args = { who: key.address, newFree: 100_000n * TAO };
    await sendCall(
      chain,
      { kind: "sudo", pallet: "balances", call: "forceSetBalance", args },
      Keypair.fromUri("//Alice"),
    );
    const { address } = Keypair.fromUri("//Other");
    const call = { kind: "burnedRegister", netuid, hotkey: address } as const;
    expect((await sendCall(chain, call, key)).ok).toBe(true);
    const neuron = (await chain.metagraph(netuid)).neurons.find(({ hotkey }) => hotkey === address);
    expect(neuron?.coldkey).toBe(key.address);
  });
});
