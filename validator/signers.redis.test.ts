import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Keypair, keysReady } from "../shared/keys/keypair.ts";
import { silentLogger } from "../shared/logger.ts";
import { startPrivateRedis } from "../shared/queue/private-redis.ts";
import { buildSigner, type SignerProcess, startSigner } from "./signer-process.test-kit.ts";
import { TestChain } from "./test-net.test-kit.ts";

const SIGNERS = 10;

const folder = mkdtempSync(join(tmpdir(), "subforge-signers-"));
const stop = new AbortController();
const started: SignerProcess[] = [];
let redis: Awaited<ReturnType<typeof startPrivateRedis>>;
let program: Awaited<ReturnType<typeof buildSigner>>;
let signer: Keypair;
let blocks: NodeJS.Timeout | undefined;

beforeAll(async () => {
  await keysReady();
  signer = Keypair.fromUri("//Bob");
  const options = { folder: join(folder, "redis"), signal: stop.signal, logger: silentLogger };
  [redis, program] = await Promise.all([startPrivateRedis(options), buildSigner()]);
});
afterAll(async () => {
  clearInterval(blocks);
  for (const { child } of started) if (child.exitCode === null) child.kill("SIGKILL");
  program.remove();
  stop.abort();
  await redis.stopped;
  rmSync(folder, { recursive: true, force: true });
});

describe("signers of one hotkey", () => {
  it("P2: ten processes want ten contents for one epoch: exactly one is signed, the others say why not", async () => {
    const chain = createChain();
    // Half of them share a journal, as a command that was started twice; the others are hosts with journals of their own.
    const signers = Array.from({ length: SIGNERS }, (_, index) =>
      start(chain, {
        netuid: 2,
        journal: index < SIGNERS / 2 ? "shared" : `own-${index}`,
        weight: index + 1,
      }),
    );
    const ends = await Promise.all(signers.map(({ ended }) => ended));
    const contents = new Set([...chain.contents.values()].map(({ weights }) => JSON.stringify(weights)));
    expect(contents.size).toBe(1);
    // Who opens the shared journal after the first one ended finds its weights set already.
    const journals = ends.flatMap((end, index) =>
      end === "verified" ? Math.max(index, SIGNERS / 2 - 1) : [],
    );
    expect(new Set(journals).size).toBe(1);
    for (const end of ends) expect(["verified", "JOURNAL_LOCKED", "abstained set-by-another"]).toContain(end);
  }, 60_000);

  it("V9: one that stood still for longer than its lease does not sign when it wakes", async () => {
    const chain = createChain();
    const paused = start(chain, { netuid: 4, journal: "paused", weight: 1, waitsForGo: true, leaseMs: 800 });
    await paused.leader;
    paused.child.kill("SIGSTOP");
    // It takes over and decides nothing: only the lease is between the other one and a signature.
    const next = start(chain, { netuid: 4, journal: "next", weight: 2, waitsForGo: true, leaseMs: 800 });
    await next.leader;
    paused.go();
    paused.child.kill("SIGCONT");
    expect(await paused.ended).toBe("PLANNER_LEASE_LOST");
    expect(chain.contents.size).toBe(0);

    next.child.kill("SIGKILL"); // and who waits behind a dead one takes over
    await once(next.child, "exit");
    const last = start(chain, { netuid: 4, journal: "last", weight: 3, leaseMs: 800 });
    expect(await last.ended).toBe("verified");
    expect(chain.contents.size).toBe(1);
  });
});

function start(
  chain: TestChain,
  task: { netuid: number; journal: string; weight: number; waitsForGo?: boolean; leaseMs?: number },
): SignerProcess {
  const key = { netuid: task.netuid, mechanism: 0, epoch: chain.epoch };
  const shares = [
    { uid: 1, hotkey: "miner-1", weight: 10 },
    { uid: 2, hotkey: "miner-2", weight: task.weight },
  ];
  const { waitsForGo = false, leaseMs = 8_000 } = task;
  const process = startSigner(
    program.script,
    {
      hotkey: signer.address,
      journalPath: join(folder, `${task.journal}.db`),
      redisUrl: redis.url,
      key,
      shares,
      waitsForGo,
      leaseMs,
    },
    chain,
    signer,
  );
  started.push(process);
  return process;
}

/** A chain in an epoch that outlasts the test, with a block every 20 ms. */
function createChain(): TestChain {
  const chain = new TestChain();
  chain.tempo = 100_000;
  chain.add(signer.address, undefined, { validatorPermit: true });
  chain.add("miner-1", 1);
  chain.add("miner-2", 2);
  chain.makeBlock();
  clearInterval(blocks);
  blocks = setInterval(() => chain.makeBlock(), 20);
  return chain;
}
