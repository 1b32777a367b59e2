import { z } from "zod";
import { REASONS, type Reason } from "../reasons.ts";

/** Targets in one job: one job per miner and task costs 26 times more. */
export const MAX_TARGETS = 32;

const MAX_CHARS = 64;
const FIELDS: ReadonlySet<string> = new Set(["hotkey", "ip", "port", "earlier"]);

/** What one miner answered in an earlier stage: the planner read it already, so the worker takes it as it is. */
const earlierAnswer = z.strictObject({
  reason: z.enum(Object.keys(REASONS) as [Reason, ...Reason[]]),
  latencyMs: z.number().min(0),
  message: z
    .string()
    .regex(/^[A-Za-z0-9+/]*={0,2}$/)
    .optional(),
});
const earlierAnswers = z.record(z.string().max(MAX_CHARS), earlierAnswer);

/** Whom a job asks. */
export type DispatchTarget = {
  hotkey: string;
  ip: string;
  port: number;
  /** By taskId. */
  earlier?: z.output<typeof earlierAnswers>;
};

/** Is it a list of 1 to 32 targets? By hand: a schema took most of the time in which a job is opened. */
export function areTargets(value: unknown): value is DispatchTarget[] {
  return Array.isArray(value) && value.length >= 1 && value.length <= MAX_TARGETS && value.every(isTarget);
}

function isTarget(value: unknown): value is DispatchTarget {
  if (typeof value !== "object" || value === null) return false;
  for (const key in value) if (!FIELDS.has(key)) return false;
  const { hotkey, ip, port, earlier } = value as Record<string, unknown>;
  if (!isText(hotkey) || !isText(ip) || !Number.isInteger(port)) return false;
  if ((port as number) < 0 || (port as number) > 65_535) return false;
  return earlier === undefined || earlierAnswers.safeParse(earlier).success;
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value.length <= MAX_CHARS;
}
