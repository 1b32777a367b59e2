import { type ChildProcess, spawn } from "node:child_process";
import { once, setMaxListeners } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type LocalNode, startLocalNode } from "../../localnet/node/local-node.ts";
import { startMiner } from "../../miner/miner.ts";
import type { SignedCall, WireWeights } from "../../shared/chain/chain.ts";
import type { OperatorChain } from "../../shared/chain/operator-chain.ts";
import { openSubstrateChain } from "../../shared/chain/substrate-chain.ts";
import { readJournal } from "../../shared/journal/journal.ts";
import { keysReady } from "../../shared/keys/keypair.ts";
import { silentLogger } from "../../shared/logger.ts";
import { packageRoot, processEntry } from "../../shared/process-entry.ts";
import { type PrivateRedis, startPrivateRedis } from "../../shared/queue/private-redis.ts";
import hello from "../../subnets/hello/index.ts";
import type { ValidatorEvent } from "../../validator/events.ts";
import { createDevSubnet, DEV_KEYS, devBalances, minerKeys } from "../dev/dev-subnet.ts";

/*
 * Real processes on a real chain, real Redis and real models: somebody is killed in the middle of an epoch, and the
 * epoch ends with one verified vector, or says by name why not.
 */

const BLOCK_MS = 200;
/** 12 s: asking may take 7 s of it, and a killed worker's jobs come back after 2 to 7 s. */
const TEMPO = 60;
const MINERS = 4;
const SLOW_MS = 120_000;
const LOOPBACK = "::ffff:127.0.0.1";

type EventOf<Name extends ValidatorEvent["event"]> = Extract<ValidatorEvent, { event: Name }>;

const folder = mkdtempSync(join(tmpdir(), "subforge-faults-"));
/** One validator goes through all of it: each test finds what the last one left behind. */
const data = join(folder, "validator");
const stop = new AbortController();
setMaxListeners(50, stop.signal); // miners and Redis
const processes = new Set<ChildProcess>();
const minersStopped: Promise<void>[] = [];
let node: LocalNode;
let chain: OperatorChain;
let redis: PrivateRedis;
let netuid: number;

beforeAll(async () => {
  await keysReady();
  const keys = Array.from({ length: MINERS }, (_, index) => minerKeys(index + 1));
  const logger = silentLogger;
  const mode = { kind: "interval", ms: BLOCK_MS } as const;
  node = await startLocalNode({ port: 0, mode, genesis: { balances: devBalances(keys) }, logger });
  chain = await openSubstrateChain({ endpoint: node.endpoint }, logger);
  redis = await startPrivateRedis({ folder: join(folder, "redis"), signal: stop.signal, logger });
  ({ netuid } = await createDevSubnet(chain, { tempo: TEMPO, commitReveal: false, miners: keys }));
  for (const [index, { hotkey }] of keys.entries()) {
    const agent = index === MINERS - 1 ? hello.agents[0] : undefined; // the last one guesses
    const miner = await startMiner(
      {
        netuid,
        port: 0,
        modelPath: join(packageRoot(), "subnets/hello/models/sum.onnx"),
        announce: { ip: LOOPBACK, port: 0 },
        callers: { requirePermit: false },
        agent: agent as never,
      },
      { chain, signer: hotkey, template: hello as never, logger, signal: stop.signal },
    );
    minersStopped.push(miner.stopped);
  }
}, SLOW_MS);

afterEach(async () => {
  for (const child of processes) child.kill("SIGKILL");
  await Promise.all([...processes].map((child) => child.exitCode ?? child.signalCode ?? once(child, "exit")));
  processes.clear();
});

afterAll(async () => {
  stop.abort();
  await Promise.allSettled([...minersStopped, redis?.stopped]);
  await chain?.close();
  await node?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("in the middle of an epoch", () => {
  it(
    "a killed worker is replaced, and the epoch ends with one verified vector, or none by name",
    async () => {
      const planner = startPlanner("--workers", "1");
      const { epoch } = await planner.next("epoch.planned");
      process.kill(planner.seen("worker.started").at(-1)!.pid, "SIGKILL");
      expect((await planner.next("worker.stopped")).how).toBe("SIGKILL");
      expectNamedEnd(await planner.endOf(epoch));
      const { sent, readBack } = await planner.next("weights.verified");
      expect(readBack).toEqual(sent);
      expect(sent.uids).toHaveLength(MINERS - 1); // the one that guesses earns nothing
      expectOneContentPerEpoch();
    },
    SLOW_MS,
  );

  it(
    "a killed planner is followed by one that goes on where it stopped",
    async () => {
      const first = startPlanner("--workers", "1");
      const { epoch } = await first.next("epoch.planned");
      const worker = first.seen("worker.started").at(-1)!.pid;
      first.child.kill("SIGKILL");
      await untilGone(worker); // a worker does not outlive its parent
      const second = startPlanner("--workers", "1");
      expectNamedEnd(await second.endOf(epoch));
      const next = await second.next("weights.signed", (e) => e.epoch > epoch);
      second.child.kill("SIGKILL"); // signed and perhaps sent: the next one must find out
      const third = startPlanner("--workers", "1");
      const end = await third.endOf(next.epoch);
      expectNamedEnd(end);
      if (end.event === "weights.verified") expect(end.sent).toEqual(next.sent);
      expectOneContentPerEpoch();
    },
    SLOW_MS,
  );

  it(
    "a killed Redis comes back, and the epoch ends with one verified vector, or none by name",
    async () => {
      const planner = startPlanner("--workers", "1");
      const { epoch } = await planner.next("epoch.planned");
      process.kill(redis.pid()!, "SIGKILL");
      expectNamedEnd(await planner.endOf(epoch));
      await planner.next("weights.verified", (e) => e.epoch > epoch);
      expectOneContentPerEpoch();
    },
    SLOW_MS,
  );
});

describe("a worker started by hand", () => {
  it(
    "knows only the address of Redis, and takes part of the jobs",
    async () => {
      const planner = startPlanner("--workers", "1", "--targets-per-job", "1");
      await planner.next("epoch.planned");
      const byHand = run(["validator", "worker", "--concurrency", "2"]);
      const counts = new Map<string, number>();
      await planner.next("answers.collected", ({ worker, recorded }) => {
        counts.set(worker, (counts.get(worker) ?? 0) + recorded);
        return counts.size === 2 && [...counts.values()].every((count) => count > 0);
      });
      const own = [...counts].find(([worker]) => worker.startsWith(`${byHand.pid}-`));
      expect(own?.[1]).toBeGreaterThan(0);
      byHand.kill("SIGTERM");
      expect((await once(byHand, "exit"))[0]).toBe(0);
      planner.child.kill("SIGTERM");
      expect((await once(planner.child, "exit"))[0]).toBe(0);
    },
    SLOW_MS,
  );
});

/** One verified vector; or, where a busy machine took the time away, none and why. */
function expectNamedEnd(end: EventOf<"weights.verified" | "weights.abstained" | "weights.failed">): void {
  if (end.event === "weights.verified") expect(end.readBack).toEqual(end.sent);
  else expect(["validator-outage", "window-over", "epoch-over", "joined-late"]).toContain(end.reason);
}

type Planner = {
  child: ChildProcess;
  seen<Name extends ValidatorEvent["event"]>(name: Name): EventOf<Name>[];
  /** The first that fits, of those that were and those to come. */
  next<Name extends ValidatorEvent["event"]>(
    name: Name,
    condition?: (event: EventOf<Name>) => boolean,
  ): Promise<EventOf<Name>>;
  /** How the weights of an epoch ended. */
  endOf(epoch: number): Promise<EventOf<"weights.verified" | "weights.abstained" | "weights.failed">>;
};

function startPlanner(...flags: string[]): Planner {
  const where = ["--network", node.endpoint, "--netuid", String(netuid), "--data", data];
  const what = ["--template", "hello", "--config", '{"delayMs":300}', "--dev-key", DEV_KEYS.validatorHotkey];
  const child = run(["validator", "run", "--json", ...where, ...what, ...flags]);
  const events: ValidatorEvent[] = [];
  const listeners = new Set<(event: ValidatorEvent) => void>();
  createInterface({ input: child.stdout! }).on("line", (line) => {
    const event = JSON.parse(line) as ValidatorEvent;
    events.push(event);
    for (const listener of listeners) listener(event);
  });
  const first = <E extends ValidatorEvent>(fits: (event: ValidatorEvent) => event is E): Promise<E> => {
    const found = events.find(fits);
    if (found) return Promise.resolve(found as E);
    return new Promise((resolve) => {
      const listener = (event: ValidatorEvent): void => {
        if (!fits(event)) return;
        listeners.delete(listener);
        resolve(event);
      };
      listeners.add(listener);
    });
  };
  return {
    child,
    seen: (name) => events.filter((event) => event.event === name) as never,
    next: (name, condition = () => true) =>
      first((event): event is never => event.event === name && condition(event as never)),
    endOf: (epoch) =>
      first(
        (event): event is EventOf<"weights.verified" | "weights.abstained" | "weights.failed"> =>
          ["weights.verified", "weights.abstained", "weights.failed"].includes(event.event) &&
          (event as { epoch: number }).epoch === epoch,
      ),
  };
}

function run(words: string[]): ChildProcess {
  const child = spawn(process.execPath, [processEntry("cli"), ...words, "--log-level", "error"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, SUBFORGE_QUEUE: redis.url },
  });
  processes.add(child);
  return child;
}

/** Whatever was signed for an epoch, in whichever process: the bytes end with the same weights. */
function expectOneContentPerEpoch(): void {
  const journal = readJournal(join(data, "journal.db"));
  for (const { epoch, mechanism, content } of journal.weights.latest(netuid, 0, 100)) {
    const signed = journal.weights
      .steps({ netuid, mechanism, epoch })
      .filter(({ status }) => status === "signed")
      .map(({ detail }) => JSON.parse((detail as [string])[0]) as SignedCall);
    for (const { bytes } of signed) expect(bytes.endsWith(encodeCall(content!))).toBe(true);
  }
  journal.close();
}

/** Arguments of set_weights in SCALE, without the netuid: two vectors of u16, then the version key. */
function encodeCall({ uids, values }: WireWeights): string {
  const column = (numbers: number[]) =>
    [numbers.length << 2, ...numbers.flatMap((n) => [n & 255, n >> 8])]
      .map((byte) => byte.toString(16).padStart(2, "0"))
      .join("");
  return `${column(uids)}${column(values)}${"00".repeat(8)}`;
}

async function untilGone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
