import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Affliction } from "./schedule.ts";
import type { TestSubnet } from "./test-subnet.ts";

/** The processes of the moment: they change when they die. */
export type Target = {
  subnet: TestSubnet;
  planner(): number | undefined;
  worker(): number | undefined;
};

/** Where writing ends for a planner whose disk is full, bytes of a file: less than any journal has. */
const FULL_BYTES = 4_096;

/** Makes something go wrong. @returns how it is lifted */
export type Afflict = (target: Target) => Promise<() => Promise<void>>;

export const AFFLICT: Record<Affliction, Afflict> = {
  "chain-cut": chainFault({ kind: "down" }),
  "chain-half-open": chainFault({ kind: "half-open" }),
  "chain-slow": chainFault({ kind: "delay", ms: 400 }),
  "chain-loses-answers": chainFault({ kind: "lose-answer" }),
  "chain-reorg": async ({ subnet: { node } }) => {
    const stalled = node.faults.set({ kind: "stalled-finality" });
    return async () => {
      const depth = Math.min(2, node.inside.head.header.number - node.inside.view.settledNumber);
      if (depth > 0) node.faults.set({ kind: "reorg", depth });
      node.faults.clear(stalled);
    };
  },
  "pool-refuses-1014": chainFault({ kind: "pool", code: 1014 }),
  "finality-stalls": chainFault({ kind: "stalled-finality" }),
  "redis-killed": async ({ subnet: { redis } }) => {
    await redis.kill();
    return () => redis.start();
  },
  "redis-frozen": async ({ subnet: { redis } }) => {
    redis.freeze();
    return async () => redis.thaw();
  },
  "redis-flushed": redisCommand(["FLUSHALL"]),
  "redis-full": redisCommand(["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"]),
  "redis-read-only": redisCommand(["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"]),
  "redis-clients-killed": redisCommand(["CLIENT", "KILL", "TYPE", "normal"]),
  "miners-silent": lines(1, "silent"),
  "miners-dripping": lines(1, "dripping"),
  "miners-lying": async ({ subnet }) => {
    subnet.miners[0]!.lie(true);
    return async () => subnet.miners[0]!.lie(false);
  },
  "miners-half-gone": lines(3, "cut"),
  "planner-killed": signal("planner", "SIGKILL"),
  "planner-stopped": signal("planner", "SIGSTOP", "SIGCONT"),
  "worker-killed": signal("worker", "SIGKILL"),
  "worker-stopped": signal("worker", "SIGSTOP", "SIGCONT"),
  "clock-stepped": signal("planner", "SIGUSR2", "SIGUSR2"),
  // No root needed: the kernel refuses to make any file longer, as a full disk would.
  "disk-full": async ({ planner }) => {
    const pid = planner();
    if (pid === undefined) return async () => {};
    await limitFiles(pid, String(FULL_BYTES));
    return () => limitFiles(pid, "unlimited");
  },
};

/** The first miners are those that are tampered with: nothing is promised about their scores. */
export const TAMPERED_MINERS = 3;

function chainFault(fault: Parameters<TestSubnet["node"]["faults"]["set"]>[0]): Afflict {
  return async ({ subnet: { node } }) => {
    const id = node.faults.set(fault);
    return async () => void node.faults.clear(id);
  };
}

/** Redis may be gone for another reason just then. */
function redisCommand(command: string[], undo?: string[]): Afflict {
  return async ({ subnet: { redis } }) => {
    await redis.command(...command).catch(() => undefined);
    return async () => {
      if (undo) await redis.command(...undo).catch(() => undefined);
    };
  };
}

function lines(count: number, mode: "silent" | "dripping" | "cut"): Afflict {
  return async ({ subnet: { miners } }) => {
    const some = miners.slice(0, count);
    for (const { line } of some) line.set(mode);
    return async () => {
      for (const { line } of some) line.set("open");
    };
  };
}

function signal(who: "planner" | "worker", strike: NodeJS.Signals, undo?: NodeJS.Signals): Afflict {
  return async (target) => {
    const pid = target[who]();
    send(pid, strike);
    return async () => {
      if (undo) send(pid, undo);
    };
  };
}

/** Somebody else may have ended it. */
function send(pid: number | undefined, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(pid, name);
  } catch {
    // gone
  }
}

async function limitFiles(pid: number, soft: string): Promise<void> {
  await promisify(execFile)("prlimit", ["--pid", String(pid), `--fsize=${soft}:`]).catch(() => undefined);
}
