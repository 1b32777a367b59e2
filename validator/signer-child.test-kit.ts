import { on, once } from "node:events";
import type { BlockHead, Chain } from "../shared/chain/chain.ts";
import { SenderLines } from "../shared/chain/sending/sender-lines.ts";
import { systemClock } from "../shared/clock.ts";
import { type ErrorCode, isSubforgeError, SubforgeError } from "../shared/errors.ts";
import { openJournal } from "../shared/journal/journal.ts";
import type { Keypair } from "../shared/keys/keypair.ts";
import type { Logger } from "../shared/logger.ts";
import type { Hotkey } from "../shared/types.ts";
import type { WeightShare } from "./score-book.ts";
import { openSigningPermit } from "./signing-permit.ts";
import { WeightSetter } from "./weight-setter.ts";

/* Test support: one of several processes that want to set weights. Its chain, which also signs, is in its parent. */

export type SignerTask = {
  hotkey: Hotkey;
  journalPath: string;
  redisUrl: string;
  leaseMs: number;
  key: { netuid: number; mechanism: number; epoch: number };
  shares: WeightShare[];
  /** Wait for "go" between becoming the planner and deciding. */
  waitsForGo: boolean;
};

/** What a signer tells: that it is the planner, and how it ended. */
export type SignerReport = { leader: true } | { ended: string };

export type Question = { id: number; method: string; args: unknown[] };
export type Answer = { id: number; result?: unknown; failed?: { code: string; details: unknown } };

/** The child: become the planner, decide, sign, follow to the end, and say how it ended. */
async function runSigner(): Promise<void> {
  const [task] = (await once(process, "message")) as [SignerTask];
  const told = await sign(task).catch((error: unknown) => {
    if (!isSubforgeError(error)) throw error;
    return error.code;
  });
  process.send!({ ended: told } satisfies SignerReport, () => process.exit());
}

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

async function sign(task: SignerTask): Promise<string> {
  const { key, shares, leaseMs } = task;
  const signer = { address: task.hotkey } as Keypair; // the chain that signs is in the parent
  const chain = chainOverIpc();
  const genesis = `0x${"07".repeat(32)}` as const;
  Object.assign(chain, { identity: { name: "test", genesis, specName: "test", specVersion: 1 } });
  const journal = openJournal({ path: task.journalPath, genesis, hotkey: task.hotkey });
  const stop = new AbortController();
  const { weights } = journal;
  const onEvent = () => undefined;
  const shared = { chain, signer, weights, clock: systemClock, logger: silent, onEvent };
  const queue = { url: task.redisUrl, logger: silent };
  const subjects = new Map([[key.netuid, [key.mechanism]]]);
  const permit = await openSigningPermit(
    { subjects, doppelgangerEpochs: 0, leaseMs },
    { ...shared, queue, signal: stop.signal },
  );
  process.send!({ leader: true } satisfies SignerReport);
  if (task.waitsForGo) for await (const [message] of on(process, "message")) if (message === "go") break;
  const setter = new WeightSetter({ ...shared, maySign: permit!.maySign });
  const watched = permit!.watch(stop.signal).catch((error: unknown) => {
    stop.abort();
    return (error as SubforgeError).code;
  });
  let isDecided = false;
  for await (const _ of chain.heads(stop.signal)) {
    isDecided ||= await setter.decide(key, shares);
    await setter.advance(key.netuid, key.mechanism);
    if (isDecided && weights.unfinished(key.netuid, key.mechanism).length === 0) break;
  }
  const { status, reason } = weights.get(key) ?? { status: "undecided", reason: "" };
  stop.abort();
  const lost = await watched;
  await permit!.close();
  journal.close();
  return lost ?? `${status} ${reason ?? ""}`.trim();
}

function chainOverIpc(): Chain {
  let asked = 0;
  const waiting = new Map<number, (answer: Answer) => void>();
  process.on("message", (message: Answer | string) => {
    if (typeof message === "object" && "id" in message) waiting.get(message.id)?.(message);
  });
  const ask = async (method: string, args: unknown[]): Promise<unknown> => {
    const id = ++asked;
    const reply = await new Promise<Answer>((resolve) => {
      waiting.set(id, resolve);
      process.send!({ id, method, args } satisfies Question);
    });
    waiting.delete(id);
    if (reply.failed) throw new SubforgeError(reply.failed.code as ErrorCode, reply.failed.details as never);
    return reply.result;
  };
  const lines = new SenderLines();
  async function* heads(signal: AbortSignal): AsyncIterable<BlockHead> {
    for (let last = -1; !signal.aborted; ) {
      const head = (await ask("nextHead", [last])) as BlockHead;
      last = head.number;
      if (!signal.aborted) yield head;
    }
  }
  const own: Record<string, unknown> = {
    heads,
    inTurn: (signer: Hotkey, work: () => Promise<unknown>) => lines.inTurn(signer, work),
    sign: (call: unknown) => ask("sign", [call]),
  };
  return new Proxy(own, {
    get: (target, name: string) => target[name] ?? ((...args: unknown[]) => ask(name, args)),
  }) as unknown as Chain;
}

await runSigner();
