import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { beforeAll, describe, expect, test } from "vitest";
import { keysReady } from "../shared/keys/keypair.ts";
import { exchange, startTestAxon } from "./axon.test-kit.ts";
import { DEFAULT_AXON_LIMITS } from "./axon-limits.ts";
import { ConnectionGuard } from "./connection-guard.ts";
import { ask } from "./miner.test-kit.ts";

const limits = { ...DEFAULT_AXON_LIMITS, maxConnections: 4, placesOfProven: 2, maxConnectionsPerAddress: 3 };
const HOUR_MS = 60 * 60_000;

beforeAll(keysReady);

describe("who may have a connection", () => {
  test("M9: strangers fill their own places and none of those of proven callers", () => {
    const guard = new ConnectionGuard(limits);
    guard.vouch("honest", 0);
    const strangers = ["a", "b", "c"].map((address) => guard.enter(address, 0));
    expect(strangers.map((leave) => leave !== undefined)).toEqual([true, true, false]);
    const honest = [1, 2, 3].map(() => guard.enter("honest", 0));
    expect(honest.map((leave) => leave !== undefined)).toEqual([true, true, false]);
    for (const leave of [...strangers, ...honest]) leave?.();
    expect(guard.enter("c", 0)).toBeDefined();
  });

  test("M9: a flood of strangers from everywhere is let in slowly, and a proven caller at once", () => {
    const guard = new ConnectionGuard({ ...limits, strangersPerSecond: 1, strangerBurst: 2 });
    guard.vouch("honest", 0);
    const enters = (address: string, nowMs: number) => {
      const leave = guard.enter(address, nowMs);
      leave?.();
      return leave !== undefined;
    };
    expect([1, 2, 3, 4].map((n) => enters(`stranger ${n}`, 0))).toEqual([true, true, false, false]);
    expect(enters("honest", 0)).toBe(true);
    expect([enters("stranger 5", 1_000), enters("stranger 6", 1_000)]).toEqual([true, false]);
  });

  test("a proof is forgotten after a time, and the oldest when there are too many", () => {
    const full = () => {
      const guard = new ConnectionGuard(limits);
      guard.vouch("honest", 0);
      for (const address of ["a", "b"]) guard.enter(address, 0);
      return guard;
    };
    expect(full().enter("honest", HOUR_MS)).toBeDefined();
    expect(full().enter("honest", 3 * HOUR_MS)).toBeUndefined();
    const guard = full();
    for (let n = 0; n < 1_024; n += 1) guard.vouch(`other ${n}`, 0);
    expect(guard.enter("honest", 0)).toBeUndefined();
    expect(guard.enter("other 1023", 0)).toBeDefined();
  });

  test("M9: who proved itself finds a place on a server that is full of silence, and nobody else does", async () => {
    const axon = await startTestAxon({ limits: { maxConnections: 40, placesOfProven: 30 } });
    expect((await ask(axon.url)).code).toBeUndefined();
    const silent: Socket[] = [];
    for (let n = 1; n <= 20; n += 1) {
      silent.push(connect({ port: axon.port, host: "127.0.0.1", localAddress: `127.9.0.${n}` }));
    }
    await Promise.all(
      silent.slice(10).map((socket) =>
        once(
          socket.resume().on("error", () => undefined),
          "close",
        ),
      ),
    );
    expect(
      await exchange(axon.port, "GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"),
    ).toMatch(/^HTTP\/1.1 200/);
    for (const socket of silent) socket.destroy();
    await axon.stop();
  });
});
