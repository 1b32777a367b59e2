import { isSubforgeError, SubforgeError } from "../../shared/errors.ts";
import type { Json } from "../../shared/types.ts";
import { isDeviceLost, isOutOfMemory } from "./device.ts";
import { zeroRow } from "./feeds.ts";
import type { Frame } from "./frames.ts";
import type { LoadOrder } from "./link.ts";
import { digestModel } from "./model-digest.ts";
import { readModelFile } from "./model-file.ts";
import type { ModelInfo } from "./model-guard.ts";
import { openSession, type Session } from "./session.ts";

const MAX_PROBLEM_CHARS = 300;
/** Reading it costs some 10 us: not with every run of a small model. */
const RSS_EVERY_MS = 50;

/** The far side of a link: a loaded model that answers one frame after the other. */
export type Host = { answer(frame: Frame): Promise<Frame>; release(): Promise<void> };

/**
 * Reads, inspects, loads and warms up the model of the order, and says so in one frame: `ready` with what was loaded
 * where, or `refused` with an error of the table.
 *
 * @param ownsProcess - Is the memory of this process that of the session alone? Only then it is reported.
 */
export async function hostSession(
  order: LoadOrder,
  ownsProcess: boolean,
): Promise<{ said: Frame; host: Host | undefined }> {
  try {
    const model = await readModelFile(order.modelPath);
    const digest = await digestModel(model);
    const { path, info } = model;
    const changed = (found: string) => {
      const expected = order.sha256 ?? digest.sha256;
      return new SubforgeError("MINER_MODEL_CHANGED", { path, expected, found });
    };
    if (order.sha256 !== undefined && order.sha256 !== digest.sha256) throw changed(digest.sha256);
    const session = await openSession(model, order);
    if (!(await digest.isUnchanged())) throw changed("changed while it was loaded");
    await warmUp(session, info, path);
    const head = { kind: "ready", device: session.device, info, sha256: digest.sha256 };
    const meter = ownsProcess ? new RssMeter() : undefined;
    return {
      said: { id: 0, head: { ...head, ...meter?.read() }, tensors: {} },
      host: { answer: (frame) => answer(session, frame, meter), release: () => session.release() },
    };
  } catch (error) {
    const { code, details } = isSubforgeError(error) ? error : internal(error);
    return {
      said: { id: 0, head: { kind: "refused", code, details: details as Json }, tensors: {} },
      host: undefined,
    };
  }
}

async function answer(session: Session, { id, tensors }: Frame, meter?: RssMeter): Promise<Frame> {
  try {
    const outputs = await session.run(tensors);
    return { id, head: { kind: "result", ...meter?.read() }, tensors: outputs };
  } catch (error) {
    const problem = (error instanceof Error ? error.message : String(error)).slice(0, MAX_PROBLEM_CHARS);
    const why = isOutOfMemory(error) ? "memory" : isDeviceLost(error) ? "device" : "input";
    return { id, head: { kind: "failed", why, problem, ...meter?.read() }, tensors: {} };
  }
}

class RssMeter {
  #readMs = Number.NEGATIVE_INFINITY;

  read(): { rssBytes?: number } {
    const nowMs = performance.now();
    if (nowMs < this.#readMs + RSS_EVERY_MS) return {};
    this.#readMs = nowMs;
    return { rssBytes: process.memoryUsage.rss() };
  }
}

/** One row of zeros: allocations happen now, and a model that cannot run at all is found before it is announced. */
async function warmUp(session: Session, info: ModelInfo, path: string): Promise<void> {
  const feeds = zeroRow(info);
  if (!feeds) return; // no size to warm up with
  await session.run(feeds).catch((error: Error) => {
    throw new SubforgeError("MINER_MODEL_INVALID", {
      path,
      problem: `a row of zeros fails: ${error.message.slice(0, MAX_PROBLEM_CHARS)}`,
    });
  });
}

function internal(error: unknown): SubforgeError {
  return new SubforgeError("INTERNAL", { what: String(error).slice(0, MAX_PROBLEM_CHARS) });
}
