import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { SubforgeError } from "../../shared/errors.ts";
import { childrenOf } from "../miner-process.ts";
import { TestSubnet } from "../nemesis/test-subnet.ts";
import { INSPECTED, openGarbageCollector } from "./garbage-collector.ts";
import type { SoakSubject } from "./soak-subject.ts";

const BLOCK_MS = 250;
/** Blocks per epoch. */
const TEMPO = 72;
const HONEST = 8;
/** Until the first weights are verified; the first epochs of a start have none. */
const START_MS = 120_000;
/** Primes, so that faults meet in all ways. */
const EVERY_MS = { workerKill: 43_000, redisKill: 29_000, chainDrop: 37_000, lie: 17_000 } as const;

/**
 * A real validator with two workers on a chain of fast blocks, with a Redis and miners of its own, all of which have a
 * bad day now and then: never so bad that an epoch may be missed.
 *
 * @throws SubforgeError INTERNAL when it verifies no weights
 */
export async function validatorSubject(): Promise<SoakSubject> {
  const folder = await mkdtemp(join(tmpdir(), "subforge-soak-"));
  const setUp = { folder, method: "plain", blockMs: BLOCK_MS, tempo: TEMPO, honest: HONEST } as const;
  const subnet = await TestSubnet.start(setUp);
  const close = async () => {
    await subnet.close();
    await rm(folder, { recursive: true, force: true });
  };
  const flags = ["--workers", "2", "--metrics-port", "0", "--doppelganger-epochs", "0"];
  const child = subnet.runValidator(flags, { NODE_OPTIONS: INSPECTED });
  let startedWith = "";
  child.process.stderr!.once("data", (text: Buffer) => {
    startedWith = String(text);
  });
  const verified: number[] = [];
  subnet.onEvent = (event) => {
    if (event.event === "weights.verified") verified.push(event.epoch);
  };
  const wayOf = (epoch: number) =>
    subnet.events
      .filter((event) => "epoch" in event && event.epoch === epoch)
      .map((event) => ("reason" in event ? `${event.event} (${event.reason})` : event.event))
      .join(", ");
  try {
    const startDeadline = AbortSignal.timeout(START_MS);
    const served = await child.next("metrics.served", startDeadline);
    const first = await child.next("weights.verified", startDeadline);
    if (!served || !first) {
      throw new SubforgeError("INTERNAL", { what: `the validator did not get weights set: ${child.said}` });
    }
    const pid = child.process.pid!;
    const garbage = await openGarbageCollector(startedWith);
    return {
      process: { pid, metricsUrl: served.url },
      load: async (signal) => {
        const tally = { verified: 0, workerKills: 0, redisKills: 0, chainDrops: 0, lies: 0 };
        const before = verified.length;
        await Promise.all([
          again(EVERY_MS.workerKill, signal, () => {
            const worker = workersOf(pid)[0];
            if (worker === undefined) return;
            process.kill(worker, "SIGKILL");
            tally.workerKills += 1;
          }),
          again(EVERY_MS.redisKill, signal, async () => {
            await subnet.redis.command("CLIENT", "KILL", "TYPE", "normal");
            tally.redisKills += 1;
          }),
          again(EVERY_MS.chainDrop, signal, () => {
            subnet.node.faults.set({ kind: "drop" });
            tally.chainDrops += 1;
          }),
          again(EVERY_MS.lie, signal, () => {
            for (const [index, miner] of subnet.miners.entries()) miner.lie((index + tally.lies) % 3 === 0);
            tally.lies += 1;
          }),
        ]);
        tally.verified = verified.length - before;
        return tally;
      },
      tidy: async () => garbage?.collect(),
      broken: () => {
        return [
          ...missing(verified).map((epoch) => `epoch ${epoch} has no verified weights: ${wayOf(epoch)}`),
          ...(child.isRunning ? [] : [`the validator ended: ${child.said}`]),
        ];
      },
      close: async () => {
        garbage?.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Between the first and the last: the one that runs has time left. */
function missing(epochs: readonly number[]): number[] {
  const [first = 0, last = -1] = [epochs[0], epochs.at(-1)];
  const known = new Set(epochs);
  return Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i).filter((e) => !known.has(e));
}

async function again(everyMs: number, signal: AbortSignal, work: () => unknown): Promise<void> {
  for (;;) {
    await delay(everyMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    await work();
  }
}

/** Its children that ask miners; others score. */
function workersOf(pid: number): number[] {
  return childrenOf(pid).filter((child) => {
    try {
      return readFileSync(`/proc/${child}/cmdline`, "utf8").split("\0").includes("worker");
    } catch {
      return false; // ended meanwhile
    }
  });
}
