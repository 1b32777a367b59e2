import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { SubforgeError } from "../../shared/errors.ts";
import type { Report } from "../../simulator/report/report.ts";

/** A report to the last bit, for `sim report`. */
const STORED_FILE = "stored.json";

/** Changes when a field changes its meaning. */
const SCHEMA = "subforge-sim-stored/1";

/** Numbers in the columns of all runs together; a report of more is not stored in full. */
const MAX_NUMBERS = 20_000_000;

/** The file to store, by its name; none for a run that is too long for it. */
export function toStored(report: Report): Record<string, string> {
  const numbers = report.simulated.runs.reduce((sum, { columns }) => sum + columns.raw.length * 10, 0);
  if (numbers > MAX_NUMBERS) return {};
  const text = JSON.stringify({ schema: SCHEMA, report }, (_, value: unknown) =>
    value instanceof Float64Array
      ? { float64: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64") }
      : value,
  );
  return { [STORED_FILE]: `${text}\n` };
}

/** @throws SubforgeError SIM_FILE_UNREADABLE */
export async function readStored(folder: string): Promise<Report> {
  const path = join(folder, STORED_FILE);
  const unreadable = (problem: string) => new SubforgeError("SIM_FILE_UNREADABLE", { path, problem });
  const text = await readFile(path, "utf8").catch((error: Error) => {
    throw unreadable(error.message);
  });
  let stored: { schema?: unknown; report?: Report };
  try {
    stored = JSON.parse(text, (_, value: unknown) => (isPacked(value) ? unpack(value.float64) : value));
  } catch (error) {
    throw unreadable(error instanceof Error ? error.message : String(error));
  }
  if (stored?.schema !== SCHEMA || !stored.report) throw unreadable("another version of subforge wrote it");
  return stored.report;
}

function isPacked(value: unknown): value is { float64: string } {
  return (
    typeof value === "object" && value !== null && "float64" in value && typeof value.float64 === "string"
  );
}

function unpack(text: string): Float64Array {
  const bytes = Buffer.from(text, "base64");
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
