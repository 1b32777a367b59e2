import { spawn } from "node:child_process";
import { closeSync } from "node:fs";
import type { Duplex } from "node:stream";
import { processEntry } from "../../shared/process-entry.ts";
import { ScratchBuffers } from "../scratch-buffers.ts";
import { FrameSlots } from "./frame-slots.ts";
import { FrameReader, frameChunks } from "./frames.ts";
import type { Link, LinkEvents, LinkOptions } from "./link.ts";

/** What native libraries need. Everything else, secrets above all, stays with the parent. */
const ENVIRONMENT = [
  ...["PATH", "LD_LIBRARY_PATH", "TMPDIR", "TZ", "LANG"],
  ...["CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "CUDA_PATH", "NVIDIA_TF32_OVERRIDE"],
];
const SOCKET_FD = 3;
const MAX_STDERR_CHARS = 500;
/** Tensors lie outside the JavaScript heap: what is left are heads of frames and a parsed file. */
const MAX_HEAP_MB = 512;

/**
 * A process of its own, and raw frames over a socket.
 *
 * @throws SubforgeError BUILD_MISSING
 */
export function openProcessLink({ order, environment, logger }: LinkOptions, events: LinkEvents): Link {
  const slots = FrameSlots.open();
  const child = spawn(
    process.execPath,
    [
      `--max-old-space-size=${MAX_HEAP_MB}`,
      processEntry("inference-process"),
      String(process.pid),
      JSON.stringify(order),
    ],
    { stdio: ["ignore", "ignore", "pipe", "pipe", slots?.readFd ?? "ignore"], env: allowed(environment) },
  );
  if (slots) closeSync(slots.readFd);
  const pid = child.pid ?? 0;
  const socket = child.stdio[SOCKET_FD] as Duplex;
  const reader = new FrameReader();
  const scratch = new ScratchBuffers();
  socket.on("data", (piece: Uint8Array) => {
    try {
      for (const frame of reader.push(piece)) {
        if (frame.id > 0) slots?.answered();
        events.received(frame);
      }
    } catch {
      events.broke("broke the stream");
    }
  });
  socket.on("error", () => events.broke("closed its socket"));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    logger.debug("inference.stderr", { pid, text: text.slice(0, MAX_STDERR_CHARS) });
  });
  child.once("error", (error) => end(`could not be started: ${error.message}`));
  // Not "exit": what the process wrote last may still be on its way then.
  child.once("close", (code, signal) => end(signal ? `signal ${signal}` : `exit code ${code}`));
  return {
    pid,
    send: (id, parts) => {
      const { chunks, giveBack } = frameChunks({ id, head: {} }, parts, scratch);
      socket.cork();
      const pieces = slots?.put(chunks) ?? chunks;
      pieces.forEach((piece, i) => {
        socket.write(piece, i === pieces.length - 1 ? giveBack : undefined);
      });
      socket.uncork();
    },
    kill: () => child.kill("SIGKILL"), // native code that hangs does not hear anything milder
  };

  function end(reason: string): void {
    slots?.close();
    events.ended(reason);
  }
}

function allowed(environment: LinkOptions["environment"]): Record<string, string> {
  const names = ENVIRONMENT.filter((name) => environment[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, environment[name]!]));
}
