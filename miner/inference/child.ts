import { ERRORS, type ErrorCode, SubforgeError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/logger.ts";
import type { Tensors } from "../../shared/tensor.ts";
import type { CudaOptions, Device, DeviceChoice } from "./device.ts";
import type { Frame } from "./frames.ts";
import { openInlineLink } from "./inline-link.ts";
import type { Isolation, Link } from "./link.ts";
import type { ModelInfo } from "./model-guard.ts";
import { openProcessLink } from "./process-link.ts";
import { openThreadLink } from "./thread-link.ts";

export type ChildOptions = {
  modelPath: string;
  /** Refuse a file whose bytes hash to something else. See `ModelDigest`. */
  sha256?: string | undefined;
  /** Default `process`. */
  isolation?: Isolation;
  device: DeviceChoice;
  cuda?: CudaOptions | undefined;
  /** CPU threads of one run. */
  threads: number;
  /** How long loading and warming up may take. */
  loadTimeoutMs: number;
  /** A run that takes longer is taken for hung, and the place is killed. */
  runTimeoutMs: number;
  /** Where variables for the native libraries come from; only a few named ones are handed on, and to processes only. */
  environment: Readonly<Record<string, string | undefined>>;
};

/** A frame has 32 bits for the number of a run. */
const MAX_ID = 2 ** 32 - 1;
const OPEN = { process: openProcessLink, thread: openThreadLink, inline: openInlineLink };

/** A run on its way: it waits for those before it, then it computes, then its frame comes back. */
type Run = { id: number; began(): void; resolve(frame: Frame): void; reject(error: Error): void };

/**
 * One place where a model runs: a process, or what `isolation` says. It computes one batch at a time in the order of
 * the calls, and ends at the first sign that something is wrong.
 */
export class InferenceChild {
  readonly pid: number;
  /** Resolves with the reason when the place is gone, whatever ended it. */
  readonly ended: Promise<string>;
  readonly #link: Link;
  readonly #runTimeoutMs: number;
  readonly #runs: Run[] = [];
  #timer: NodeJS.Timeout | undefined;
  #loaded: { device: Device; info: ModelInfo; sha256: string; rssBytes: number | undefined } | undefined;
  #rssBytes: number | undefined;
  #reason: string | undefined;
  #hasEnded = false;
  #lastId = 0;

  /**
   * Starts a place and waits until its model is warm.
   *
   * @param signal - Ends a place that is still loading.
   * @throws SubforgeError MINER_MODEL_INVALID, MINER_MODEL_MISSING, MINER_MODEL_CHANGED, MINER_NO_CUDA,
   * INFERENCE_CRASHED, BUILD_MISSING
   */
  static async start(options: ChildOptions, logger: Logger, signal?: AbortSignal): Promise<InferenceChild> {
    const child = new InferenceChild(options, logger);
    const onAbort = () => child.kill("was told to stop");
    signal?.addEventListener("abort", onAbort);
    const loading = child.#next(options.loadTimeoutMs, "did not load the model in time");
    const { head } = await loading.finally(() => signal?.removeEventListener("abort", onAbort));
    if (head.kind !== "ready") {
      child.kill("refused the model");
      throw errorFrom(head);
    }
    child.#loaded = {
      ...{ device: head.device as Device, info: head.info as ModelInfo, sha256: String(head.sha256) },
      rssBytes: child.#rssBytes,
    };
    return child;
  }

  private constructor(options: ChildOptions, logger: Logger) {
    const { modelPath, sha256, isolation = "process", device, cuda, threads, environment } = options;
    this.#runTimeoutMs = options.runTimeoutMs;
    let end = (_reason: string) => {};
    this.ended = new Promise((resolve) => {
      end = (reason) => {
        this.#reason ??= reason;
        this.#hasEnded = true;
        this.#stopTimer();
        for (const run of this.#runs.splice(0)) run.reject(crashed(this.#reason));
        resolve(this.#reason);
      };
    });
    const order = { modelPath, device, threads, sha256, cuda };
    this.#link = OPEN[isolation](
      { order, environment, logger },
      {
        received: (frame) => this.#receive(frame),
        broke: (reason) => this.kill(reason),
        ended: (reason) => end(reason),
      },
    );
    this.pid = this.#link.pid;
  }

  /** Where the model really runs. */
  get device(): Device {
    return this.#loaded!.device;
  }

  /** What the place read of the model before it loaded it. */
  get info(): ModelInfo {
    return this.#loaded!.info;
  }

  /** Of the bytes that run here. See `ModelDigest`. */
  get sha256(): string {
    return this.#loaded!.sha256;
  }

  /** Memory of the process, when warm and as it said last; undefined where a session has no process of its own. */
  get rss(): { warmBytes: number; bytes: number } | undefined {
    const warmBytes = this.#loaded?.rssBytes;
    return warmBytes === undefined ? undefined : { warmBytes, bytes: this.#rssBytes ?? warmBytes };
  }

  /**
   * One run of the parts' rows as one batch. The next may be called meanwhile: it is on its way while this one runs.
   *
   * @param began - Called when its turn has come, at once if nothing runs. Nothing of a run whose turn never came was
   * computed.
   * @throws SubforgeError INFERENCE_INPUT when the runtime refused the feeds, INFERENCE_NO_MEMORY: the place goes on
   * @throws SubforgeError INFERENCE_CRASHED when the place ended or was killed because it hung
   */
  async run(parts: readonly Tensors[], began: () => void = () => {}): Promise<Tensors> {
    if (this.#reason !== undefined) throw crashed(this.#reason);
    const id = (this.#lastId % MAX_ID) + 1;
    this.#lastId = id;
    const answer = this.#next(this.#runTimeoutMs, "hung", id, began);
    this.#link.send(id, parts);
    const { head, tensors } = await answer;
    if (head.kind === "result") return tensors;
    const problem = String(head.problem);
    if (head.why === "memory") throw new SubforgeError("INFERENCE_NO_MEMORY", { problem });
    if (head.why === "device") {
      this.kill("lost its card");
      throw crashed(problem);
    }
    throw new SubforgeError("INFERENCE_INPUT", { problem });
  }

  /** Ends the place at once; runs on their way are rejected. */
  kill(reason: string): void {
    if (this.#hasEnded) return;
    this.#reason ??= reason;
    this.#link.kill();
  }

  #next(timeoutMs: number, late: string, id = 0, began = () => {}): Promise<Frame> {
    return new Promise<Frame>((resolve, reject) => {
      if (this.#hasEnded) {
        reject(crashed(this.#reason!));
        return;
      }
      const start = () => {
        began();
        this.#timer = setTimeout(() => this.kill(late), timeoutMs);
      };
      this.#runs.push({ id, began: start, resolve, reject });
      if (this.#runs.length === 1) start();
    });
  }

  #receive(frame: Frame): void {
    const run = this.#runs[0];
    if (!run || frame.id !== run.id) {
      this.kill("answered out of turn");
      return;
    }
    if (typeof frame.head.rssBytes === "number") this.#rssBytes = frame.head.rssBytes;
    this.#runs.shift();
    this.#stopTimer();
    run.resolve(frame);
    this.#runs[0]?.began();
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** The far side reports errors of the table by code and details. */
function errorFrom({ code, details }: Frame["head"]): SubforgeError {
  if (typeof code !== "string" || !Object.hasOwn(ERRORS, code)) return crashed("refused to start");
  return new SubforgeError(code as ErrorCode, details as never);
}

function crashed(reason: string): SubforgeError {
  return new SubforgeError("INFERENCE_CRASHED", { reason });
}
