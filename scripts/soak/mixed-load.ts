import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { randomFrom } from "../../shared/rules/beacon.ts";
import { toBytes } from "../fuzz/mutate-request.ts";
import { signedQuestion } from "../fuzz/signed-requests.ts";
import { childrenOf, type MinerProcess } from "../miner-process.ts";

export type LoadTally = Record<
  "honest" | "answered" | "forged" | "slow" | "aborted" | "reloads" | "kills",
  number
>;

const EVERY_MS = 40;
const RELOAD_EVERY_MS = 20_000;
const KILL_EVERY_MS = 30_000;
const GIVE_UP_MS = 5_000;
/** A slow caller says a few bytes and then nothing until it is thrown out. */
const SLOW_BYTES = 300;

/**
 * What happens to a miner on a bad day, until the signal aborts: honest questions, wrong signatures, bodies that do
 * not come, callers that leave, model files that are loaded anew, inference processes that die.
 */
export async function mixedLoad(miner: MinerProcess, signal: AbortSignal): Promise<LoadTally> {
  const tally: LoadTally = { honest: 0, answered: 0, forged: 0, slow: 0, aborted: 0, reloads: 0, kills: 0 };
  const port = Number(new URL(miner.url).port);
  const random = randomFrom(Buffer.alloc(32, 1));
  const pause = (ms: number) => delay(ms, undefined, { signal }).catch(() => undefined);
  const askRegularly = async () => {
    for (let turn = 0; !signal.aborted; turn += 1) {
      const bytes = toBytes(signedQuestion(miner.caller, miner.hotkey, random));
      const kind = (["honest", "honest", "forged", "honest", "slow", "aborted"] as const)[turn % 6]!;
      tally[kind] += 1;
      void say(port, kind, bytes, turn).then((answer) => {
        if (kind === "honest" && answer.startsWith("HTTP/1.1 200")) tally.answered += 1;
      });
      await pause(EVERY_MS);
    }
  };
  const reloadRegularly = async () => {
    for (await pause(RELOAD_EVERY_MS); !signal.aborted; await pause(RELOAD_EVERY_MS)) {
      miner.process.kill("SIGHUP");
      tally.reloads += 1;
    }
  };
  const killRegularly = async () => {
    for (await pause(KILL_EVERY_MS); !signal.aborted; await pause(KILL_EVERY_MS)) {
      const [child] = childrenOf(miner.process.pid!);
      if (child === undefined) continue;
      process.kill(child, "SIGKILL");
      tally.kills += 1;
    }
  };
  await Promise.all([askRegularly(), reloadRegularly(), killRegularly()]);
  await delay(GIVE_UP_MS);
  return tally;
}

function say(
  port: number,
  kind: "honest" | "forged" | "slow" | "aborted",
  bytes: Buffer,
  turn: number,
): Promise<string> {
  if (kind === "forged") bytes[bytes.length - 1]! ^= 1;
  return new Promise((resolve) => {
    const localAddress = `127.2.${(turn >> 8) & 0xff}.${turn & 0xff}`; // a miner counts failures by address
    const socket = connect({ host: "127.0.0.1", port, localAddress });
    const finish = (answer: string) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => finish(""), GIVE_UP_MS);
    socket.once("connect", () => {
      socket.write(kind === "slow" ? bytes.subarray(0, SLOW_BYTES) : bytes);
      if (kind === "aborted") setTimeout(() => finish(""), 2);
    });
    socket.once("data", (part) => finish(part.toString("latin1")));
    socket.once("error", () => finish(""));
    socket.once("close", () => finish(""));
  });
}
