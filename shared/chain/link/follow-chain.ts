import { z } from "zod";
import type { Hex } from "../../types.ts";
import type { BlockHead } from "../chain.ts";
import { parseHeader } from "./block-header.ts";
import { EndpointFailure, type RpcSocket } from "./rpc-socket.ts";

/** Subscriptions of every connection: what tells us that an endpoint lives, and which blocks it has. */
const NEW_HEADS = ["chain_subscribeNewHeads", "chain_unsubscribeNewHeads"] as const;
const FINALIZED_HEADS = ["chain_subscribeFinalizedHeads", "chain_unsubscribeFinalizedHeads"] as const;
const RUNTIME = ["state_subscribeRuntimeVersion", "state_unsubscribeRuntimeVersion"] as const;

const hashSchema = z.string().regex(/^0x[0-9a-f]{64}$/);
const healthSchema = z.object({ isSyncing: z.boolean() });
const versionSchema = z.object({ specVersion: z.number().int().nonnegative() });

export type ChainNews = {
  onBest: (head: BlockHead) => void;
  onFinalized: (head: BlockHead) => void;
  onVersion: (specVersion: number) => void;
};

/** Which chain it serves, and whether it has all of it. @throws RpcRefusal, EndpointFailure */
export async function introduce(
  socket: RpcSocket,
  timeoutMs: number,
): Promise<{ genesis: Hex; isSyncing: boolean }> {
  const [genesis, isSyncing] = await Promise.all([
    socket.ask("chain_getBlockHash", [0], timeoutMs),
    askIsSyncing(socket, timeoutMs),
  ]);
  const parsed = hashSchema.safeParse(genesis);
  if (parsed.success) return { genesis: parsed.data as Hex, isSyncing };
  throw malformed("its genesis hash");
}

/** @throws RpcRefusal, EndpointFailure */
export async function askIsSyncing(socket: RpcSocket, timeoutMs: number): Promise<boolean> {
  const health = healthSchema.safeParse(await socket.ask("system_health", [], timeoutMs));
  if (health.success) return health.data.isSyncing;
  throw malformed("its health");
}

/** @throws RpcRefusal, EndpointFailure */
export async function askHead(socket: RpcSocket, timeoutMs: number): Promise<BlockHead> {
  const head = parseHeader(await socket.ask("chain_getHeader", [], timeoutMs));
  if (head) return head;
  throw malformed("a block header");
}

/**
 * Follow a chain for as long as the connection lasts. Resolves when the best block and the runtime's version were told
 * for the first time. News that cannot be read end the connection: there is nobody to throw to.
 */
export async function followChain(socket: RpcSocket, timeoutMs: number, news: ChainNews): Promise<void> {
  let [knowsBest, knowsVersion] = [false, false];
  const header = (use: (head: BlockHead) => void) => (result: unknown) => {
    const head = parseHeader(result);
    if (head) use(head);
    else socket.end(malformed("a block header"));
  };
  const onBest = header((head) => {
    knowsBest = true;
    news.onBest(head);
  });
  const onVersion = (result: unknown): void => {
    const version = versionSchema.safeParse(result);
    knowsVersion = true;
    if (version.success) news.onVersion(version.data.specVersion);
    else socket.end(malformed("a runtime version"));
  };
  await Promise.all([
    socket.subscribe(NEW_HEADS, [], timeoutMs, onBest),
    socket.subscribe(FINALIZED_HEADS, [], timeoutMs, header(news.onFinalized)),
    socket.subscribe(RUNTIME, [], timeoutMs, onVersion),
  ]);
  // Every node tells the present state at once; one that does not is asked.
  if (!knowsBest) onBest(await socket.ask("chain_getHeader", [], timeoutMs));
  if (!knowsVersion) onVersion(await socket.ask("state_getRuntimeVersion", [], timeoutMs));
}

function malformed(what: string): EndpointFailure {
  return new EndpointFailure("malformed", `${what} has a shape we do not know`);
}
