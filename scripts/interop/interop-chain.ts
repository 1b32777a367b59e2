import { type LocalNode, startLocalNode } from "../../localnet/node/local-node.ts";
import type { Call } from "../../shared/chain/chain.ts";
import type { OperatorChain } from "../../shared/chain/operator-chain.ts";
import { sendCall } from "../../shared/chain/send-call.ts";
import { openSubstrateChain } from "../../shared/chain/substrate-chain.ts";
import { SubforgeError } from "../../shared/errors.ts";
import { Keypair, keysReady } from "../../shared/keys/keypair.ts";
import type { Logger } from "../../shared/logger.ts";
import type { Coldkey, Netuid } from "../../shared/types.ts";
import { createDevSubnet, devBalances, minerKeys } from "../dev/dev-subnet.ts";

const TAO = 1_000_000_000n;
/** Blocks per epoch: five seconds, which is short enough to wait for. */
const TEMPO = 20;
/** The fast blocks that clients recognise by this very number, ms. */
const BLOCK_MS = 250;
const MINERS = 3;
const RPC_TIMEOUT_MS = 30_000;

/** What the client's coldkey owns at first. A subnet costs about 1000 TAO. */
const CLIENT_FUNDS_RAO = 100_000n * TAO;

/** The key a client acts with on each chain. */
export const CLIENT_COLDKEY = "//Interop";

/** A fresh chain with a running subnet of somebody else, for one client. */
export type InteropChain = {
  node: LocalNode;
  /** Our own view of it. */
  chain: OperatorChain;
  /** A subnet with validators and miners whose limits do not make anybody wait. */
  netuid: Netuid;
  /** Stop the clock, so that two reads one after the other see the same block. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /**
   * Wait until the next epoch has run. Blocks that are made faster than the clock would carry the chain's time away
   * from the client's, and with it the rounds of the beacon.
   */
  passEpoch(): Promise<void>;
  /** A call of the chain's administrator. */
  sudo(call: string, args: Record<string, unknown>): Promise<void>;
  send(call: Call, signer: Keypair): Promise<void>;
};

/** @param balances - Who has money besides the client's coldkey and the development accounts. */
export async function startInteropChain(
  deps: { logger: Logger; signal: AbortSignal },
  balances: readonly Coldkey[] = [],
): Promise<InteropChain> {
  await keysReady();
  const miners = Array.from({ length: MINERS }, (_, i) => minerKeys(i + 1));
  const client = Keypair.fromUri(CLIENT_COLDKEY).address;
  const node = await startLocalNode(
    {
      port: 0,
      mode: { kind: "interval", ms: BLOCK_MS },
      genesis: {
        balances: [
          ...devBalances(miners),
          ...[client, ...balances].map((address) => ({ address, rao: CLIENT_FUNDS_RAO })),
        ],
      },
      logger: deps.logger,
    },
    deps.signal,
  );
  const chain = await openSubstrateChain({ endpoint: node.endpoint }, deps.logger);
  const alice = Keypair.fromUri("//Alice");
  const send = (call: Call, signer: Keypair) => sendCall(chain, call, signer).then(() => undefined);
  const sudo = (call: string, args: Record<string, unknown>) =>
    send({ kind: "sudo", pallet: "adminUtils", call, args }, alice);
  await sudo("sudoSetAdminFreezeWindow", { window: 0 });
  await sudo("sudoSetNetworkRateLimit", { rateLimit: 0 });
  const { netuid } = await createDevSubnet(chain, { tempo: TEMPO, commitReveal: false, miners });
  return {
    node,
    chain,
    netuid,
    sudo,
    send,
    pause: () => rpc(node, "dev_setIntervalMining", [0]),
    resume: () => rpc(node, "dev_setIntervalMining", [BLOCK_MS]),
    passEpoch: async () => {
      const { nextEpochBlock = 0 } = await chain.subnetRules(netuid);
      for await (const { number } of chain.heads(deps.signal)) if (number > nextEpochBlock) return;
    },
  };
}

/** The chain's own switches are methods of its server, as for any client. */
async function rpc(node: LocalNode, method: string, params: unknown[]): Promise<void> {
  const response = await fetch(node.endpoint.replace("ws:", "http:"), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    signal: AbortSignal.timeout(RPC_TIMEOUT_MS),
  });
  const { error } = (await response.json()) as { error?: { message: string } };
  if (error) throw new SubforgeError("INTERNAL", { what: `${method}: ${error.message}` });
}
