import { describe, expect, it } from "vitest";
import type { SubforgeError } from "../../shared/errors.ts";
import { silentLogger } from "../../shared/logger.ts";
import { State } from "../state/state.ts";
import { CallStorage } from "./call-storage.ts";
import { RuntimeHost } from "./runtime-host.ts";
import { buildModule, op, type TestModule } from "./wasm-module.test-kit.ts";

/** Short, because one test waits for it. */
const TIMEOUT_MS = 200;

const ECHO = op.argumentSpan;
const LOG = { name: "ext_logging_log_version_1", signature: { takes: ["i32", "i64", "i64"] } } as const;
const SET = { name: "ext_storage_set_version_1", signature: { takes: ["i64", "i64"] } } as const;
const MALLOC = {
  name: "ext_allocator_malloc_version_1",
  signature: { takes: ["i32"], gives: "i32" },
} as const;

describe("a host around a module", () => {
  it("hands over arguments and takes the answer, each call on its own", () => {
    const host = hostOf({ functions: { Api_echo: ECHO } });
    for (const text of ["first", "second, and longer", ""]) {
      expect(Buffer.from(call(host, "Api_echo", Buffer.from(text))).toString()).toBe(text);
    }
  });

  it("grows the memory for arguments that do not fit", () => {
    const host = hostOf({ functions: { Api_echo: ECHO } });
    const large = new Uint8Array(5_000_000).fill(7);
    expect(Buffer.compare(call(host, "Api_echo", large), large)).toBe(0);
  });

  it("refuses a module that imports what no host has, and names all of it", () => {
    const imports = ["ext_time_travel_version_1", "ext_storage_get_version_9"].map((name) => ({
      name,
      signature: { takes: [] },
    }));
    expect(() => hostOf({ imports, functions: {} })).toThrow(
      expect.objectContaining({
        code: "RUNTIME_IMPORT_UNKNOWN",
        details: { imports: imports.map(({ name }) => name) },
      }),
    );
  });

  it("takes a module that imports what is refused only when it is called", () => {
    const imports = [
      { name: "ext_offchain_timestamp_version_1", signature: { takes: [], gives: "i64" } },
    ] as never;
    const host = hostOf({ imports, functions: { Api_echo: ECHO, Api_clock: op.call(0) } });
    expect(call(host, "Api_echo", Uint8Array.of(1))).toEqual(Uint8Array.of(1));
    expect(stopped(host, "Api_clock").reason).toContain("ext_offchain_timestamp_version_1");
  });

  it("names the function that trapped, and what the runtime logged last as an error", () => {
    const logged = [...op.i32(1), ...op.i64(0n), ...op.argumentSpan, ...op.call(0)];
    const host = hostOf({
      imports: [{ ...LOG } as never],
      functions: { Api_panic: [...logged, ...op.unreachable] },
    });
    expect(stopped(host, "Api_panic", Buffer.from("panicked at 'no more rows'"))).toEqual({
      method: "Api_panic",
      reason: "panicked at 'no more rows'",
    });
  });

  it("goes on after a trap as if nothing had been", () => {
    const host = hostOf({ functions: { Api_echo: ECHO, Api_trap: op.unreachable } });
    expect(stopped(host, "Api_trap").reason).toContain("unreachable");
    expect(call(host, "Api_echo", Uint8Array.of(9))).toEqual(Uint8Array.of(9));
  });

  it("ends an endless loop at the deadline, and serves the next call", () => {
    const host = hostOf({ functions: { Api_loop: [...op.loop([]), ...op.unreachable], Api_echo: ECHO } });
    expect(() => call(host, "Api_loop")).toThrow(expect.objectContaining({ code: "RUNTIME_TOO_SLOW" }));
    expect(call(host, "Api_echo", Uint8Array.of(3))).toEqual(Uint8Array.of(3));
  });

  it("ends a hook that keeps touching the state, at the same deadline", () => {
    const touch = [...op.argumentSpan, ...op.call(0), ...op.drop];
    const get = { name: "ext_storage_get_version_1", signature: { takes: ["i64"], gives: "i64" } } as never;
    const host = hostOf({ imports: [get], functions: { Core_hook: [...op.loop(touch), ...op.unreachable] } });
    const call = { method: "Core_hook", args: new Uint8Array(1), storage: new CallStorage(new State()) };
    expect(() => host.call({ ...call, isHook: true })).toThrow(
      expect.objectContaining({ code: "RUNTIME_TOO_SLOW" }),
    );
  });

  it("stops a runtime that asks for more memory than there may be", () => {
    const alloc = (bytes: number) => [...op.i32(bytes), ...op.call(0), ...op.drop];
    const host = hostOf({
      imports: [{ ...MALLOC } as never],
      memory: { initial: 1, maximum: 4 },
      functions: {
        Api_huge: [...alloc(40 * 1024 * 1024), ...op.argumentSpan],
        Api_many: [...alloc(150_000), ...alloc(150_000), ...op.argumentSpan],
      },
    });
    expect(stopped(host, "Api_huge").reason).toContain("41943040 bytes at once");
    expect(stopped(host, "Api_many").reason).toContain("more memory");
  });

  it("stops a runtime that answers from outside its memory", () => {
    const host = hostOf({ functions: { Api_lie: op.i64((100n << 32n) | 0xffff_0000n) } });
    expect(stopped(host, "Api_lie").method).toBe("Api_lie");
  });

  it("keeps what a call wrote apart until it is written down, and loses it when the call traps", () => {
    const write = [...op.argumentSpan, ...op.argumentSpan, ...op.call(0)];
    const host = hostOf({
      imports: [{ ...SET } as never],
      functions: { Api_write: [...write, ...op.argumentSpan], Api_fail: [...write, ...op.unreachable] },
    });
    const state = new State();
    state.block(() => {
      const storage = new CallStorage(state);
      host.call({ method: "Api_write", args: Uint8Array.of(0xaa), storage });
      expect(state.get("0xaa")).toBeUndefined();
      storage.flush(state);
      expect(state.get("0xaa")).toEqual(Uint8Array.of(0xaa));
      const args = Uint8Array.of(0xbb);
      expect(() => host.call({ method: "Api_fail", args, storage: new CallStorage(state) })).toThrow();
      expect([...state.keys("0x")]).toEqual(["0xaa"]);
    });
  });

  it("lets no call find what another left in the memory", () => {
    const functions = { Api_poke: [...op.poke(64), ...op.argumentSpan], Api_peek: op.peek(64) };
    const host = hostOf({ functions });
    for (let i = 0; i < 3; i++) {
      call(host, "Api_poke");
      expect(call(host, "Api_peek")).toHaveLength(0);
    }
  });

  it("lets no call find what another left in variables outside the memory", () => {
    const host = hostOf({ functions: { Api_count: op.count(2) }, variables: 2 });
    for (let i = 0; i < 3; i++) expect(call(host, "Api_count")).toHaveLength(1);
  });

  it("names a function the runtime does not have", () => {
    const host = hostOf({ functions: { Api_echo: ECHO } });
    expect(() => call(host, "Api_other")).toThrow(expect.objectContaining({ code: "RUNTIME_API_MISSING" }));
  });

  it.each([
    ["is no module at all", Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 9, 9)],
    ["imports no memory", Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)],
  ])("refuses what %s", (_, bytes) => {
    expect(() => new RuntimeHost(bytes, { logger: silentLogger })).toThrow(
      expect.objectContaining({ code: "RUNTIME_BLOB_INVALID" }),
    );
  });
});

function hostOf(module: TestModule): RuntimeHost {
  return new RuntimeHost(buildModule(module), { logger: silentLogger, timeoutMs: TIMEOUT_MS });
}

function call(host: RuntimeHost, method: string, args: Uint8Array = new Uint8Array()): Uint8Array {
  return host.call({ method, args, storage: new CallStorage(new State()) });
}

/** Why a call stopped. */
function stopped(host: RuntimeHost, method: string, args?: Uint8Array): { method: string; reason: string } {
  try {
    call(host, method, args);
  } catch (error) {
    expect(error).toMatchObject({ code: "RUNTIME_TRAPPED" });
    return (error as SubforgeError<"RUNTIME_TRAPPED">).details;
  }
  throw new Error(`${method} did not stop`);
}
