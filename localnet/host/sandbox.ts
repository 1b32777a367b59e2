import type { Logger } from "../../shared/logger.ts";
import type { Hex } from "../../shared/types.ts";
import type { SignatureCheck } from "../runtime/signature-check.ts";
import type { CallStorage } from "./call-storage.ts";
import { GuestMemory, parts, type Span } from "./guest-memory.ts";
import { Heap } from "./heap.ts";
import type { HostCall, RuntimeLogLevel } from "./host-call.ts";
import { hostFunctionsFor } from "./host-functions.ts";
import type { ModuleFacts } from "./module-facts.ts";
import {
  Instance,
  Memory,
  type WasmGlobal,
  type WasmInstance,
  type WasmMemory,
  type WasmModule,
} from "./wasm.ts";

const PAGE_BYTES = 65_536;

/** 512 MiB: what a call may grow to. The real host gives 128 MiB on chain, more to a node's own questions. */
const MAX_PAGES = 8_192;

/** A memory that grew beyond this is not used again. */
const REUSED_BYTES = 64 * 1024 * 1024;

/** Only these levels are asked for: the runtime builds the text of every line it logs. */
const LOGGED: RuntimeLogLevel = "warn";

type RuntimeFunction = (pointer: number, length: number) => Span;
type CallInput = {
  method: string;
  args: Uint8Array;
  storage: CallStorage;
  baseRoot: Hex;
  timeoutMs: number;
};

/** The call touched the state after its time was over. */
export class LateCall extends Error {}

/** Touches of the state between two looks at the clock. */
const TOUCHES_PER_LOOK = 256;

export type SandboxOptions = {
  imports: readonly string[];
  facts: ModuleFacts;
  signatures: SignatureCheck;
  logger: Logger;
};

/** The stack pointer, which is back where it was when a call returns. */
const HARMLESS_GLOBALS = 1;

/**
 * A module loaded into a memory, with the host functions over it, for one call after the other. Each call must find what
 * it would find in an instance and a memory of its own. Making those is slow, and V8 reserves gigabytes of addresses
 * for a memory and gives them back when it likes, so a busy chain would run out of them. Instead data and stack are put
 * back as they were after loading. The heap holds old bytes, which Rust never reads before it wrote. A module that
 * keeps more outside its memory than the stack pointer gets an instance per call. After a call that failed the
 * sandbox is not used again.
 */
export class Sandbox {
  readonly #module: WasmModule;
  readonly #memory: WasmMemory;
  readonly #guest: GuestMemory;
  readonly #imports: Record<string, Record<string, unknown>>;
  readonly #ownBytes: number;
  #heap: Heap | undefined;
  #input: CallInput | undefined;
  #touches = 0;
  #endMs = 0;
  readonly #keepsInstance: boolean;
  #loaded: { instance: WasmInstance; image: Uint8Array } | undefined;
  /** Last line of the running call that was logged as an error: the reason when it stops. */
  lastError: string | undefined;

  constructor(module: WasmModule, { imports, facts, signatures, logger }: SandboxOptions) {
    const { initial, maximum = MAX_PAGES } = facts.memory;
    this.#keepsInstance = facts.mutableGlobals <= HARMLESS_GLOBALS;
    this.#module = module;
    this.#memory = new Memory({ initial, maximum: Math.max(initial, Math.min(maximum, MAX_PAGES)) });
    this.#ownBytes = initial * PAGE_BYTES;
    this.#guest = new GuestMemory(this.#memory, () => this.#heap!);
    const input = () => this.#input!;
    const checkTime = () => {
      if (++this.#touches % TOUCHES_PER_LOOK === 0 && performance.now() > this.#endMs) throw new LateCall();
    };
    const call: HostCall = {
      memory: this.#guest,
      signatures,
      maxLevel: LOGGED,
      get storage() {
        checkTime();
        return input().storage;
      },
      stateRoot: () => input().storage.root(input().baseRoot),
      log: (severity, target, message) => {
        if (severity === "error") this.lastError = message;
        logger[severity === "error" ? "warn" : "debug"]("runtime-log", { severity, target, message });
      },
    };
    this.#imports = { env: { ...hostFunctionsFor(imports, call), memory: this.#memory } };
  }

  get isReusable(): boolean {
    return this.#memory.buffer.byteLength <= REUSED_BYTES;
  }

  /**
   * Throws whatever stopped the call.
   *
   * @param within - Runs the call under its deadline.
   */
  call(input: CallInput, within: (run: () => void) => void): Uint8Array {
    this.#input = input;
    this.#endMs = performance.now() + input.timeoutMs;
    this.lastError = undefined;
    const { exports } = this.#load();
    this.#heap = new Heap(this.#memory, (exports.__heap_base as WasmGlobal).value);
    const { pointer, length } = parts(this.#guest.give(input.args));
    const run = exports[input.method] as RuntimeFunction;
    let answer: Span | undefined;
    within(() => {
      answer = run(pointer, length);
    });
    return this.#guest.read(answer!);
  }

  /** The module as it is before its first call. */
  #load(): WasmInstance {
    const own = new Uint8Array(this.#memory.buffer, 0, this.#ownBytes);
    if (this.#loaded !== undefined && this.#keepsInstance) {
      own.set(this.#loaded.image);
      return this.#loaded.instance;
    }
    own.fill(0);
    const instance = new Instance(this.#module, this.#imports);
    this.#loaded = { instance, image: own.slice() };
    return instance;
  }
}
