import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentLogger } from "../../shared/logger.ts";
import { holdLease, plannerLease } from "../../shared/queue/lease.ts";
import { type PrivateRedis, startPrivateRedis } from "../../shared/queue/private-redis.ts";
import { type PlannerTurn, takePlannerTurn } from "./planner-turn.ts";

const GENESIS = `0x${"01".repeat(32)}` as const;
const HOTKEY = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

const folder = mkdtempSync(join(tmpdir(), "subforge-turn-"));
const stop = new AbortController();
let server: PrivateRedis;

beforeAll(async () => {
  server = await startPrivateRedis({ folder, signal: stop.signal, logger: silentLogger });
});
afterAll(async () => {
  stop.abort();
  await server.stopped;
  rmSync(folder, { recursive: true, force: true });
});

describe("weights set by hand", () => {
  it("are refused while a planner on any machine has the lease, and keep planners out while they are set", async () => {
    const planner = await holdLease(plannerLease(GENESIS, HOTKEY, 2), {
      connect: { url: server.url, logger: silentLogger },
      signal: stop.signal,
      onWait: () => {},
    });
    await expect(take(server.url).turn).rejects.toMatchObject({
      code: "PLANNER_LEASE_HELD",
      message: expect.stringMatching(/netuid 2: \S+\/\d+ /),
    });
    await planner!.release();
    const turn = await take(server.url).turn;
    expect(await turn.maySign()).toBe(true);
    await expect(take(server.url).turn).rejects.toMatchObject({ code: "PLANNER_LEASE_HELD" });
    await turn.release();
    expect(await turn.maySign()).toBe(false);
  });

  it.each([
    ["no Redis is named", "", "none is named"],
    ["Redis is away", "redis://127.0.0.1:1", "Redis does not answer"],
  ])("can be set when %s, and it is said what is not noticed then", async (_, url, says) => {
    const { turn, lines } = take(url);
    expect(await (await turn).maySign()).toBe(true);
    expect(lines).toEqual([expect.stringMatching(`^queue    ${says}: .* would not be noticed$`)]);
  });
});

/** @param url - Empty: no queue. */
function take(url: string): { turn: Promise<PlannerTurn>; lines: string[] } {
  const lines: string[] = [];
  const turn = takePlannerTurn(
    { queue: url || undefined, queuePrivateNetwork: false },
    {
      ...{ genesis: GENESIS, hotkey: HOTKEY, netuid: 2, logger: silentLogger, signal: stop.signal },
      output: { line: (text) => void lines.push(text) },
    },
  );
  return { turn, lines };
}
