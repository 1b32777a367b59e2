import type { Logger } from "../../shared/logger.ts";
import type { Tensors } from "../../shared/tensor.ts";
import type { CudaOptions, DeviceChoice } from "./device.ts";
import type { Frame } from "./frames.ts";

/**
 * Where a session runs. A process may crash or hang and takes nothing else with it. A thread spares the copy from
 * process to process; a crash in it ends the miner, and a hung run goes on unheard until it returns. Inline, a run stops the whole
 * miner while it computes, and nothing can end it: for small trusted models, tests and platforms without processes.
 */
export const ISOLATIONS = ["process", "thread", "inline"] as const;
export type Isolation = (typeof ISOLATIONS)[number];

/** What the far side of a link shall load. Plain JSON. */
export type LoadOrder = {
  modelPath: string;
  device: DeviceChoice;
  /** CPU threads of one run. */
  threads: number;
  /** What these bytes must hash to; undefined for the first start, which says what it found. */
  sha256: string | undefined;
  cuda: CudaOptions | undefined;
};

/** What the far side of a link is given and gives back: tensors to join row by row, one frame in return. */
export type Link = {
  /** Of the process that computes; of this one for a thread and inline. */
  pid: number;
  /** Hands the run of this number over. The parts' rows become one batch. */
  send(id: number, parts: readonly Tensors[]): void;
  /** Ends the far side as firmly as it can be ended; `ended` follows. */
  kill(): void;
};

export type LinkEvents = {
  received(frame: Frame): void;
  /** The far side is no longer understood. */
  broke(reason: string): void;
  /** The far side is gone and nothing of it is on its way any more. */
  ended(reason: string): void;
};

export type LinkOptions = {
  order: LoadOrder;
  /** Variables for the native libraries. */
  environment: Readonly<Record<string, string | undefined>>;
  logger: Logger;
};
