import { type ChildProcess, spawn } from "node:child_process";
import type { Duplex } from "node:stream";
import { ERRORS, type ErrorCode, SubforgeError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/logger.ts";
import { processEntry } from "../../shared/process-entry.ts";
import type { Tensors } from "../../shared/tensor.ts";
import type { Device, DeviceChoice } from "./device.ts";
import { type Frame, FrameReader, frameChunks } from "./frames.ts";
import type { ModelInfo } from "./model-guard.ts";

export type ChildOptions = {
  modelPath: string;
  device: DeviceChoice;
  /** CPU threads of one run. */
  threads: number;
  /** How long loading and warming up may take. */
  loadTimeoutMs: number;
  /** A run that takes longer is taken for hung, and the process is killed. */
  runTimeoutMs: number;
  /** Where variables for the native libraries come from; only those of ENVIRONMENT are handed on. */
  environment: Readonly<Record<string, string | undefined>>;
};

/** What native libraries need. Everything else, secrets above all, stays with the parent. */
const ENVIRONMENT = ["PATH", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "CUDA_PATH", "TMPDIR", "TZ", "LANG"];
const SOCKET_FD = 3;
const MAX_STDERR_CHARS = 500;

/** Whoever waits for the next frame. */
type Waiter = { resolve(frame: Frame): void; reject(error: Error): void };

/** One inference process. It runs one batch at a time, and ends at the first sign that something is wrong. */
export class InferenceChild {
  readonly pid: number;
  /** Resolves with the reason when the process is gone, whatever ended it. */
  readonly ended: Promise<string>;
  readonly #process: ChildProcess;
  readonly #socket: Duplex;
  readonly #runTimeoutMs: number;
  readonly #reader = new FrameReader();
  #loaded: { device: Device; info: ModelInfo } | undefined;
  #reason: string | undefined;
  #reply: Waiter | undefined;
  #lastId = 0;

  /**
   * Starts a process and waits until its model is warm.
   *
   * @param signal - Ends a process that is still loading.
   * @throws SubforgeError MINER_MODEL_INVALID, MINER_MODEL_MISSING, MINER_NO_CUDA, INFERENCE_CRASHED, BUILD_MISSING
   */
  static async start(options: ChildOptions, logger: Logger, signal?: AbortSignal): Promise<InferenceChild> {
    const child = new InferenceChild(options, logger);
    const onAbort = () => child.kill("was told to stop");
    signal?.addEventListener("abort", onAbort);
    const loading = child.#answer(options.loadTimeoutMs, "did not load the model in time");
    const { head } = await loading.finally(() => signal?.removeEventListener("abort", onAbort));
    if (head.kind !== "ready") {
      child.kill("refused the model");
      throw errorFrom(head);
    }
    child.#loaded = { device: head.device as Device, info: head.info as ModelInfo };
    return child;
  }

  private constructor(options: ChildOptions, logger: Logger) {
    const { modelPath, device, threads, environment } = options;
    this.#runTimeoutMs = options.runTimeoutMs;
    this.#process = spawn(
      process.execPath,
      [processEntry("inference-process"), String(process.pid), modelPath, device, String(threads)],
      { stdio: ["ignore", "ignore", "pipe", "pipe"], env: allowed(environment) },
    );
    this.pid = this.#process.pid ?? 0;
    this.#socket = this.#process.stdio[SOCKET_FD] as Duplex;
    this.#socket.on("data", (piece: Uint8Array) => this.#receive(piece));
    this.#socket.on("error", () => this.kill("closed its socket"));
    this.#process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      logger.debug("inference.stderr", { pid: this.pid, text: text.slice(0, MAX_STDERR_CHARS) });
    });
    this.ended = new Promise((resolve) => {
      const end = (reason: string) => {
        this.#reason ??= reason;
        this.#settle((reply) => reply.reject(crashed(this.#reason!)));
        resolve(this.#reason);
      };
      this.#process.once("error", (error) => end(`could not be started: ${error.message}`));
      // Not "exit": what the process wrote last may still be on its way then.
      this.#process.once("close", (code, signal) => end(signal ? `signal ${signal}` : `exit code ${code}`));
    });
  }

  /** Where the model really runs. */
  get device(): Device {
    return this.#loaded!.device;
  }

  /** What the process read of the model before it loaded it. */
  get info(): ModelInfo {
    return this.#loaded!.info;
  }

  /**
   * One run. Call it again only after the promise settled.
   *
   * @throws SubforgeError INFERENCE_INPUT when the runtime refused the feeds: the process goes on
   * @throws SubforgeError INFERENCE_CRASHED when the process ended or was killed because it hung
   */
  async run(feeds: Tensors): Promise<Tensors> {
    if (this.#reason !== undefined) throw crashed(this.#reason);
    const id = ++this.#lastId;
    const answer = this.#answer(this.#runTimeoutMs, "hung");
    this.#socket.cork();
    for (const chunk of frameChunks({ head: { kind: "run", id }, tensors: feeds })) this.#socket.write(chunk);
    this.#socket.uncork();
    const { head, tensors } = await answer;
    if (head.id !== id) {
      this.kill("answered out of turn");
      throw crashed("answered out of turn");
    }
    if (head.kind === "result") return tensors;
    throw new SubforgeError("INFERENCE_INPUT", { problem: String(head.problem) });
  }

  /** Ends the process at once; a run in progress is rejected. */
  kill(reason: string): void {
    this.#reason ??= reason;
    this.#process.kill("SIGKILL"); // native code that hangs does not hear anything milder
  }

  #answer(timeoutMs: number, late: string): Promise<Frame> {
    return new Promise<Frame>((resolve, reject) => {
      const timer = setTimeout(() => this.kill(late), timeoutMs);
      const settled = (settle: () => void) => {
        clearTimeout(timer);
        settle();
      };
      this.#reply = {
        resolve: (frame) => settled(() => resolve(frame)),
        reject: (error) => settled(() => reject(error)),
      };
      if (this.#reason !== undefined) this.#settle((reply) => reply.reject(crashed(this.#reason!)));
    });
  }

  #receive(piece: Uint8Array): void {
    try {
      for (const frame of this.#reader.push(piece)) this.#settle((reply) => reply.resolve(frame));
    } catch {
      this.kill("broke the stream");
    }
  }

  #settle(settle: (reply: Waiter) => void): void {
    const reply = this.#reply;
    this.#reply = undefined;
    if (reply) settle(reply);
  }
}

function allowed(environment: ChildOptions["environment"]): Record<string, string> {
  const names = ENVIRONMENT.filter((name) => environment[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, environment[name]!]));
}

/** The child reports errors of the table by code and details. */
function errorFrom({ code, details }: Frame["head"]): SubforgeError {
  if (typeof code !== "string" || !Object.hasOwn(ERRORS, code)) return crashed("refused to start");
  return new SubforgeError(code as ErrorCode, details as never);
}

function crashed(reason: string): SubforgeError {
  return new SubforgeError("INFERENCE_CRASHED", { reason });
}
