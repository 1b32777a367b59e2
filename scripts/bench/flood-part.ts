import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { Keypair, keysReady } from "../../shared/keys/keypair.ts";
import { btauthRequest, messageBody, SMALL } from "./axon-requests.ts";
import { createReplyReader, quantile } from "./http-load.ts";

/*
 * The honest caller of the flood, in a process of its own: port, how many requests a second. Says {"port"} when it is
 * there; for each line, a number of seconds, it asks that long and says {"p99Ms","p50Ms","unanswered"}. Ends with its input.
 */

const TARGET = "/bench/ask";
const ANSWERED = "HTTP/1.1 200";
/** As a validator: most questions go over connections that stay open. */
const KEPT_CONNECTIONS = 8;
/** Each so many-th question needs a connection of its own: a newly opened one must find a place too. */
const FRESH_EVERY = 10;
const LATEST_MS = 5_000;

await keysReady();
const [port, perSecond] = process.argv.slice(2).map(Number) as [number, number];
const [signer, receiver] = [Keypair.fromUri("//Alice"), Keypair.fromUri("//Bob").address];
const message = messageBody(SMALL, "binary");
const kept: Socket[] = [];

/** @returns How long it took, without its signing. Infinity: refused, cut off or too late. */
function ask(isFresh: boolean): Promise<number> {
  const request = btauthRequest(signer, receiver, TARGET, message);
  const reader = createReplyReader();
  const startedMs = performance.now();
  const socket = (isFresh ? undefined : takeKept()) ?? connect({ port, host: "127.0.0.1", noDelay: true });
  return new Promise((resolve) => {
    const finish = (ms: number) => {
      clearTimeout(timer);
      socket.removeAllListeners("data").removeAllListeners("close");
      if (Number.isFinite(ms) && kept.length < KEPT_CONNECTIONS) kept.push(socket);
      else socket.destroy();
      resolve(ms);
    };
    const timer = setTimeout(() => finish(Number.POSITIVE_INFINITY), LATEST_MS);
    if (socket.listenerCount("error") === 0) socket.on("error", () => undefined); // its close says it
    socket.on("close", () => finish(Number.POSITIVE_INFINITY));
    socket.on("data", (bytes) => {
      const head = reader(bytes);
      if (head === undefined) return;
      finish(head.startsWith(ANSWERED) ? performance.now() - startedMs : Number.POSITIVE_INFINITY);
    });
    socket.write(request);
  });
}

function takeKept(): Socket | undefined {
  let socket = kept.pop();
  while (socket?.destroyed) socket = kept.pop();
  return socket;
}

/** At even distances, whether the one before was answered or not. */
async function askFor(seconds: number): Promise<Float64Array> {
  const answers: Promise<number>[] = [];
  const startedMs = performance.now();
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(seconds, (performance.now() - startedMs) / 1_000) * perSecond;
      while (answers.length < Math.floor(due)) answers.push(ask(answers.length % FRESH_EVERY === 0));
      if (answers.length < seconds * perSecond) return;
      clearInterval(timer);
      resolve();
    }, 1);
  });
  return Float64Array.from(await Promise.all(answers)).sort();
}

process.stdout.write(`${JSON.stringify({ port })}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const sorted = await askFor(Number(line));
  const unanswered = sorted.filter((ms) => !Number.isFinite(ms)).length;
  const result = { p50Ms: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99), unanswered };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
process.exit(0);
