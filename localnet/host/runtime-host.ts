import { createContext, Script } from "node:vm";
import { SubforgeError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/logger.ts";
import type { Hex } from "../../shared/types.ts";
import { SignatureCheck } from "../runtime/signature-check.ts";
import type { CallStorage } from "./call-storage.ts";
import { requireKnown } from "./host-functions.ts";
import { type ModuleFacts, readModuleFacts } from "./module-facts.ts";
import { readRuntimeBlob } from "./runtime-blob.ts";
import { LateCall, Sandbox } from "./sandbox.ts";
import { Module, type WasmModule } from "./wasm.ts";

/** Longest time one call may take. An epoch of a full subnet takes seconds at most. */
const DEFAULT_TIMEOUT_MS = 30_000;

/** Longest reason of a stopped call that is handed on: the runtime may log whole structures. */
const MAX_REASON = 2_000;

const NO_ROOT: Hex = `0x${"00".repeat(32)}`;

export type RuntimeHostOptions = {
  /** Longest time of one call, in milliseconds. */
  timeoutMs?: number;
  logger: Logger;
};

/** One call of the runtime: which function, its arguments as SCALE, the state it works on. */
export type RuntimeCall = {
  method: string;
  args: Uint8Array;
  storage: CallStorage;
  /** Digest of the state below the call's changes. Default: none, for a call that belongs to no block. */
  baseRoot?: Hex;
  /**
   * The runtime's own part of a block, with nothing in it that a stranger sent: its deadline is looked at when it
   * touches the state, which costs nothing. Default: a deadline that ends whatever runs, for a thread per call.
   */
  isHook?: boolean;
};

/**
 * A Substrate host around one runtime module. The module is compiled once; each call finds it as it was loaded, with a
 * heap that begins anew, and has a deadline that ends even an endless loop.
 */
export class RuntimeHost {
  readonly #module: WasmModule;
  readonly #imports: string[];
  readonly #exports: ReadonlySet<string>;
  readonly #facts: ModuleFacts;
  readonly #timeoutMs: number;
  readonly #logger: Logger;
  readonly #signatures = new SignatureCheck();
  /** Where a call runs that must end: only code of a script can be stopped from outside. */
  readonly #stoppable = createContext({ run: undefined as (() => void) | undefined });
  readonly #script = new Script("run()");
  /** Of the call before, for the next one. */
  #idle: Sandbox | undefined;

  /**
   * @param blob - The runtime, plain or compressed.
   * @throws SubforgeError RUNTIME_BLOB_INVALID, RUNTIME_IMPORT_UNKNOWN
   */
  constructor(blob: Uint8Array, { timeoutMs = DEFAULT_TIMEOUT_MS, logger }: RuntimeHostOptions) {
    const bytes = readRuntimeBlob(blob);
    this.#module = compile(bytes);
    const imports = Module.imports(this.#module);
    this.#imports = imports.filter(({ kind }) => kind === "function").map(({ name }) => name);
    this.#exports = new Set(Module.exports(this.#module).map(({ name }) => name));
    requireKnown(this.#imports);
    if (!this.#exports.has("__heap_base"))
      throw new SubforgeError("RUNTIME_BLOB_INVALID", { problem: "it does not say where its heap begins" });
    this.#facts = readModuleFacts(bytes);
    this.#timeoutMs = timeoutMs;
    this.#logger = logger;
  }

  has(method: string): boolean {
    return this.#exports.has(method);
  }

  /**
   * Run one function of the runtime. Its changes are in `storage` and nowhere else.
   *
   * @returns what it answered, as SCALE
   * @throws SubforgeError RUNTIME_API_MISSING, RUNTIME_TRAPPED, RUNTIME_TOO_SLOW
   */
  call({ method, args, storage, baseRoot = NO_ROOT, isHook = false }: RuntimeCall): Uint8Array {
    if (!this.has(method)) throw new SubforgeError("RUNTIME_API_MISSING", { api: method });
    const sandbox = this.#idle ?? this.#createSandbox();
    this.#idle = undefined; // what a failed call leaves behind is not used again
    try {
      const input = { method, args, storage, baseRoot, timeoutMs: this.#timeoutMs };
      const answer = sandbox.call(input, isHook ? (run) => run() : (run) => this.#withDeadline(run));
      if (sandbox.isReusable) this.#idle = sandbox;
      return answer;
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (code === "ERR_SCRIPT_EXECUTION_TIMEOUT" || error instanceof LateCall)
        throw new SubforgeError("RUNTIME_TOO_SLOW", { method, timeoutMs: this.#timeoutMs }, { cause: error });
      const reason = sandbox.lastError ?? (error instanceof Error ? error.message : String(error));
      const details = { method, reason: reason.slice(0, MAX_REASON) };
      throw new SubforgeError("RUNTIME_TRAPPED", details, { cause: error });
    }
  }

  #createSandbox(): Sandbox {
    return new Sandbox(this.#module, {
      imports: this.#imports,
      facts: this.#facts,
      signatures: this.#signatures,
      logger: this.#logger,
    });
  }

  #withDeadline(run: () => void): void {
    this.#stoppable.run = run;
    try {
      this.#script.runInContext(this.#stoppable, { timeout: this.#timeoutMs });
    } finally {
      this.#stoppable.run = undefined;
    }
  }
}

function compile(bytes: Uint8Array): WasmModule {
  try {
    return new Module(bytes);
  } catch (error) {
    const problem = `it cannot be compiled: ${String(error)}`;
    throw new SubforgeError("RUNTIME_BLOB_INVALID", { problem }, { cause: error });
  }
}
