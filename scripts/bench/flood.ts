import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Keypair, keysReady } from "../../shared/keys/keypair.ts";
import { packageRoot, processEntry } from "../../shared/process-entry.ts";
import { btauthRequest, messageBody, SMALL } from "./axon-requests.ts";
import { type BenchCase, compareCosts, compareRates, type Round } from "./bench-case.ts";
import { type BenchPart, startPart } from "./bench-part.ts";

const ROUNDS = 3;
const ROUND_SECONDS = 10;
const WARM_UP_SECONDS = 3;
/** For whatever an attack left behind to be closed, and for the garbage to be collected. */
const SETTLE_MS = 1_000;
const HONEST_PER_SECOND = 50;
const FORGED_PER_SECOND = 2_000;
const JUNK_PER_SECOND = 10_000;
/** A forged request carries a time, which is good for ten seconds. */
const RENEW_MS = 2_000;
/** How far p99 may rise, and memory: what is asked, and what a garbage collector leaves lying about. */
const MOST_P99 = 2;
const MOST_MEMORY = 1.25;
/** Below this share of the attack nothing was shown: the attackers found no time on this machine. */
const ATTACK_REACHED = 0.9;
const SERVER_CORE = 0;
const CLIENT_CORE = 1;
/** Attackers share a core with the honest caller, who must not wait for them: the server is what is measured. */
const ATTACKER_NICENESS = 19;
const TARGET = "/bench/ask";
const MODEL = "subnets/inference/models/shapes-95.onnx";
const ATTACKERS = "scripts/bench/flood.py";

type Part = BenchPart<{ port: number }>;
type Heard = { p50Ms: number; p99Ms: number; unanswered: number };

/** Fifty honest signed requests a second, alone and in the middle of an attack, in turn. */
export async function benchFlood(): Promise<BenchCase[]> {
  await keysReady();
  const parts: Part[] = [];
  const start = async (core: number, niceness: number, ...command: string[]) => {
    const part: Part = await startPart(command, { core, niceness });
    parts.push(part);
    return part;
  };
  const node = (entry: "bench-axon" | "bench-flood") => [process.execPath, processEntry(entry)];
  const latency: Round[] = [];
  const memory: Round[] = [];
  const [forged, junk]: [Round[], Round[]] = [[], []];
  try {
    const axon = await start(SERVER_CORE, 0, ...node("bench-axon"), "model", join(packageRoot(), MODEL));
    const port = String(axon.ready.port);
    const caller = await start(CLIENT_CORE, 0, ...node("bench-flood"), port, String(HONEST_PER_SECOND));
    const attacker = (kind: string, perSecond: number) =>
      start(
        CLIENT_CORE,
        ATTACKER_NICENESS,
        "python3",
        join(packageRoot(), ATTACKERS),
        kind,
        port,
        `${perSecond}`,
      );
    const forger = await attacker("forged", FORGED_PER_SECOND);
    const vandal = await attacker("junk", JUNK_PER_SECOND);
    await honest(caller, WARM_UP_SECONDS);
    await underAttack(caller, forger, vandal, WARM_UP_SECONDS); // what an attack leaves behind once is no growth
    for (let round = 0; round < ROUNDS; round += 1) {
      await delay(SETTLE_MS);
      const before = axon.rssBytes();
      const quiet = await honest(caller, ROUND_SECONDS);
      const attacked = await underAttack(caller, forger, vandal, ROUND_SECONDS);
      latency.push({ ours: attacked.p99Ms, peer: quiet.p99Ms });
      forged.push({ ours: attacked.forged, peer: FORGED_PER_SECOND });
      junk.push({ ours: attacked.junk, peer: JUNK_PER_SECOND });
      memory.push({ ours: axon.rssBytes() / 2 ** 20, peer: before / 2 ** 20 });
    }
  } finally {
    await Promise.all(parts.map((part) => part.stop()));
  }
  return [
    compareCosts("p99 of the honest in an attack, peer: without one", "ms", 1 / MOST_P99, latency),
    compareCosts("memory after an attack, peer: before it", "MiB", 1 / MOST_MEMORY, memory),
    compareRates("forged requests begun, peer: asked for", "per s", ATTACK_REACHED, forged),
    compareRates("junk connections begun, peer: asked for", "per s", ATTACK_REACHED, junk),
  ];
}

async function honest(caller: Part, seconds: number): Promise<Heard> {
  caller.say(`${seconds}\n`);
  const heard = JSON.parse(await caller.nextLine()) as Heard & { p99Ms: number | null };
  return { ...heard, p99Ms: heard.p99Ms ?? Number.POSITIVE_INFINITY }; // JSON has no infinity
}

/** @returns What the honest saw, and how many attacks a second there were. */
async function underAttack(
  caller: Part,
  forger: Part,
  vandal: Part,
  seconds: number,
): Promise<Heard & { forged: number; junk: number }> {
  const attackers = [forger, vandal];
  const go = () => {
    const request = forgedRequest();
    for (const attacker of attackers) attacker.say(`go ${request}\n`);
  };
  const startedMs = performance.now();
  go();
  const timer = setInterval(go, RENEW_MS);
  const heard = await honest(caller, seconds);
  clearInterval(timer);
  const took = (performance.now() - startedMs) / 1_000;
  const [forged = 0, junk = 0] = await Promise.all(
    attackers.map(async (attacker) => {
      attacker.say("stop\n");
      return (JSON.parse(await attacker.nextLine()) as { begun: number }).begun / took;
    }),
  );
  return { ...heard, forged, junk };
}

/** In hexadecimal: well-formed, of a known caller, and signed over something else. */
function forgedRequest(): string {
  const signer = Keypair.fromUri("//Alice");
  const wrong = signer.sign(Buffer.from("something else"));
  const forger = { address: signer.address, sign: () => wrong };
  const body = messageBody(SMALL, "binary");
  return Buffer.from(btauthRequest(forger, Keypair.fromUri("//Bob").address, TARGET, body)).toString("hex");
}
