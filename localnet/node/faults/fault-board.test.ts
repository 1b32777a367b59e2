import { describe, expect, it } from "vitest";
import { RpcError } from "../rpc-error.ts";
import { FAULT_KINDS, type Fault } from "./fault.ts";
import { FaultBoard } from "./fault-board.ts";

function problemOf(fault: unknown): string | undefined {
  try {
    new FaultBoard().set(fault as Fault);
  } catch (error) {
    if (error instanceof RpcError && error.code === -32602) return error.data;
    throw error;
  }
  return undefined;
}

describe("a fault", () => {
  it.each([
    [undefined, "a fault is an object"],
    [[], "a fault is an object"],
    [{ kind: "flood" }, "the kind of a fault is one of"],
    [{ kind: "__proto__" }, "the kind of a fault is one of"],
    [{ kind: "delay" }, "delay needs ms"],
    [{ kind: "delay", ms: 0 }, "ms of delay must be a whole number"],
    [{ kind: "delay", ms: 1.5 }, "ms of delay must be a whole number"],
    [{ kind: "delay", ms: 5, block: 1 }, "and no block"],
    [{ kind: "drop", methods: [] }, "1 to 64 names of methods"],
    [{ kind: "pool", code: 7 }, "code of pool must be one of 1002"],
    [{ kind: "pool", code: 1010, custom: 256 }, "custom of pool"],
    [{ kind: "oversized", bytes: 2 ** 40 }, "bytes of oversized"],
    [{ kind: "reorg", depth: 1, count: 3 }, "and no count"],
    [{ kind: "reorg" }, "reorg needs depth"],
    [{ kind: "spec-bump", change: "shuffle" }, "change of spec-bump must be one of none, newtype"],
    [{ kind: "wrong-genesis", hash: "0x12" }, "hash of wrong-genesis"],
    [{ kind: "drop", durationMs: 1e12 }, "durationMs of drop"],
  ])("%j is refused: %s", (fault, problem) => {
    expect(problemOf(fault)).toContain(problem);
  });

  it("needs its options and nothing else", () => {
    const least: Record<string, object> = {
      delay: { ms: 1 },
      pool: { code: 1014 },
      reorg: { depth: 1 },
      pruned: { blocks: 5 },
    };
    for (const kind of FAULT_KINDS) expect(problemOf({ kind, ...least[kind] })).toBeUndefined();
  });
});

describe("the board of faults", () => {
  it("strikes only the methods that are named, and each n-th of them", () => {
    const board = new FaultBoard();
    board.set({ kind: "drop", methods: ["system_chain"], every: 3 });
    const asked = ["system_chain", "system_name"].flatMap((method) => [method, method, method]);
    expect(asked.map((method) => board.strike("drop", [method]) !== undefined)).toEqual([
      false,
      false,
      true,
      false,
      false,
      false,
    ]);
    expect(board.strike("drop"), "a new connection").toBeUndefined();
    expect(board.list()).toMatchObject([{ id: 1, kind: "drop", seen: 3, strikes: 1 }]);
  });

  it("ends a fault that has struck often enough, and takes the next of its kind", () => {
    const board = new FaultBoard();
    board.set({ kind: "pool", code: 1014, count: 2 });
    board.set({ kind: "pool", code: 1012, count: 1 });
    const codes = Array.from({ length: 4 }, () => board.strike("pool")?.code);
    expect(codes).toEqual([1014, 1014, 1012, undefined]);
    expect(board.isEmpty).toBe(true);
  });

  it("clears one, all of a kind, or all, and says how many ended", () => {
    const board = new FaultBoard();
    const ended: string[] = [];
    board.onEnded.add(({ kind }) => ended.push(kind));
    const first = board.set({ kind: "delay", ms: 5 });
    for (const ms of [6, 7]) board.set({ kind: "delay", ms });
    board.set({ kind: "syncing" });
    expect([board.clear(first), board.clear(first), board.clear("delay"), board.clear()]).toEqual([
      1, 0, 2, 1,
    ]);
    expect(ended).toEqual(["delay", "delay", "delay", "syncing"]);
  });

  it("keeps a bounded number of them", () => {
    const board = new FaultBoard();
    const fill = () => {
      for (let i = 0; i < 1_000; i++) board.set({ kind: "delay", ms: 1 });
    };
    expect(fill).toThrow(RpcError);
    expect(board.list()).toHaveLength(256);
  });

  it("ends a fault by itself when its time is over", async () => {
    const board = new FaultBoard();
    const ended = new Promise((resolve) => board.onEnded.add(resolve));
    board.set({ kind: "half-open", durationMs: 5 });
    expect(board.active("half-open")).toBeDefined();
    await ended;
    expect(board.active("half-open")).toBeUndefined();
  });

  it("forgets a fault that whoever acts on it refuses", () => {
    const board = new FaultBoard();
    board.onSet.add(() => {
      throw new RpcError(-32602, "no");
    });
    expect(() => board.set({ kind: "syncing" })).toThrow("no");
    expect(board.isEmpty).toBe(true);
  });
});
