import { tmpdir } from "node:os";
import type { ChainStatus } from "../shared/chain/chain.ts";
import { ManualClock } from "../shared/manual-clock.test-kit.ts";
import type { QueueStats } from "../shared/queue/queue-stats.ts";
import { Pulse } from "./pulse.ts";

const HEALTHY_QUEUE: QueueStats = {
  jobs: { waiting: 2, active: 1, delayed: 0, dead: 0 },
  oldestMs: 1_500,
  progressAgeMs: 300,
  stalled: 0,
  deadLetters: 0,
};

/** A pulse whose world the test moves. */
export function pulseBench() {
  const clock = new ManualClock();
  const world = {
    chain: {
      best: 100,
      finalized: 98,
      isFinalityStalled: false,
      specVersion: 424,
      writeProblems: [],
      endpoints: [
        {
          ...{ endpoint: "wss://one.example:443/v1/api-key-of-ours", state: "ready", reason: "", score: 10 },
          ...{ block: 100, writable: true },
        },
      ],
    } as ChainStatus,
    queue: HEALTHY_QUEUE as QueueStats | undefined,
    isWatched: true,
    journalPath: tmpdir(),
  };
  const pulse = new Pulse({
    chain: () => world.chain,
    queue: async () => {
      if (!world.queue) throw new Error("Redis is away");
      return world.queue;
    },
    workers: () => 2,
    get journalPath() {
      return world.journalPath;
    },
    isWatched: () => world.isWatched,
    clock,
  });
  /** A block every 12 s. */
  const blocks = async (count: number) => {
    for (let i = 0; i < count; i++) {
      await clock.advance(12_000);
      world.chain = { ...world.chain, best: world.chain.best! + 1 };
      await pulse.look();
    }
  };
  return { pulse, world, clock, blocks };
}
