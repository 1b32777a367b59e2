import type { Telemetry } from "bullmq";
import { SubforgeError } from "../errors.ts";

/**
 * Tells OpenTelemetry of every job: names, ids and times, never a payload. An optional package, loaded only when asked
 * for. Without an SDK in this process it does nothing.
 *
 * @throws SubforgeError QUEUE_TRACE_MISSING
 */
export async function loadTelemetry(): Promise<Telemetry> {
  try {
    const { BullMQOtel } = await import("bullmq-otel");
    return new BullMQOtel({ tracerName: "subforge" });
  } catch (error) {
    throw new SubforgeError("QUEUE_TRACE_MISSING", {}, { cause: error });
  }
}
