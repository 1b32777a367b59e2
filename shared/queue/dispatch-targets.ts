import { z } from "zod";
import { REASONS, type Reason } from "../reasons.ts";

/** Targets in one job: one job per miner and task costs 26 times more. */
export const MAX_TARGETS = 32;

const MAX_CHARS = 64;
const MAX_PORT = 65_535;
const PORT = /^\d{1,5}$/;

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

/**
 * A line for each target: hotkey, ip, port, and as JSON what it answered earlier. As a list of objects they took most of
 * the time in which a job is sealed and opened.
 *
 * @param targets - Neither hotkeys nor addresses have white space in them.
 */
export function packTargets(targets: readonly DispatchTarget[]): string {
  return targets
    .map(({ hotkey, ip, port, earlier }) => {
      const line = `${hotkey} ${ip} ${port}`;
      return earlier === undefined ? line : `${line} ${JSON.stringify(earlier)}`;
    })
    .join("\n");
}

/** @returns undefined for what is no list of 1 to 32 targets. */
export function unpackTargets(text: string): DispatchTarget[] | undefined {
  const lines = text.split("\n", MAX_TARGETS + 1);
  if (lines.length > MAX_TARGETS) return undefined;
  const targets: DispatchTarget[] = [];
  for (const line of lines) {
    const target = unpackTarget(line);
    if (!target) return undefined;
    targets.push(target);
  }
  return targets;
}

function unpackTarget(line: string): DispatchTarget | undefined {
  const ipAt = line.indexOf(" ") + 1;
  const portAt = line.indexOf(" ", ipAt) + 1;
  if (ipAt === 0 || portAt === 0) return undefined;
  const end = line.indexOf(" ", portAt);
  const hotkey = line.slice(0, ipAt - 1);
  const ip = line.slice(ipAt, portAt - 1);
  const digits = end < 0 ? line.slice(portAt) : line.slice(portAt, end);
  const port = Number(digits);
  if (!isWord(hotkey) || !isWord(ip) || !PORT.test(digits) || port > MAX_PORT) return undefined;
  if (end < 0) return { hotkey, ip, port };
  const earlier = earlierAnswers.safeParse(parseJson(line.slice(end + 1)));
  return earlier.success ? { hotkey, ip, port, earlier: earlier.data } : undefined;
}

function isWord(text: string): boolean {
  return text.length > 0 && text.length <= MAX_CHARS;
}

/** @returns undefined for what is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
