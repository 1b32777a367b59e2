import { randomInt } from "node:crypto";
import { connect } from "node:net";
import { Keypair, keysReady } from "../../shared/keys/keypair.ts";
import { btauthRequest, messageBody, SMALL } from "./axon-requests.ts";

/*
 * Attackers in a process of their own: `forged` or `junk`, port, how many a second. Says {"port"} when they begin, and
 * how many there were when its input ends.
 */

const TICK_MS = 5;
const MOST_OWED_SECONDS = 0.02;
/** Bad signatures come from so many addresses that no budget of an address stops them: each must be checked. */
const FORGED_ADDRESSES = 60_000;
const JUNK_ADDRESSES = 64;
const JUNK = Buffer.from("\x16\x03\x01 this is no HTTP\r\n\r\n");

await keysReady();
const [kind, port, perSecond] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const [signer, receiver] = [Keypair.fromUri("//Alice"), Keypair.fromUri("//Bob").address];
const wrong = signer.sign(Buffer.from("something else"));
const forger = { address: signer.address, sign: () => wrong };
const body = messageBody(SMALL, "binary");
let [begun, owed, last] = [0, 0, performance.now()];

const timer = setInterval(() => {
  const now = performance.now();
  // What a busy machine did not let us begin in time is given up: a backlog would leave time for nothing else.
  owed = Math.min(owed + ((now - last) / 1_000) * perSecond, MOST_OWED_SECONDS * perSecond);
  last = now;
  for (; owed >= 1; owed -= 1) attack();
}, TICK_MS);

function attack(): void {
  begun += 1;
  const isForged = kind === "forged";
  const localAddress = isForged ? loopback(2, FORGED_ADDRESSES) : loopback(1, JUNK_ADDRESSES);
  const socket = connect({ port, host: "127.0.0.1", localAddress });
  socket.on("error", () => undefined).resume();
  socket.write(isForged ? btauthRequest(forger, receiver, "/bench/ask", body) : JUNK);
  if (!isForged) socket.end();
}

/** Any of the addresses of this machine: each counts as another one. */
function loopback(block: number, count: number): string {
  const n = randomInt(count);
  return `127.${block}.${n >> 8}.${n & 255 || 1}`;
}

process.stdout.write(`${JSON.stringify({ port })}\n`);
process.stdin.resume().once("end", () => {
  clearInterval(timer);
  process.stdout.write(`${JSON.stringify({ begun })}\n`);
  process.exit(0);
});
