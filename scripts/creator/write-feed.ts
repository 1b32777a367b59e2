import { appendFile, open } from "node:fs/promises";
import { resolve } from "node:path";
import { systemClock } from "../../shared/clock.ts";
import { SubforgeError } from "../../shared/errors.ts";
import { toHex } from "../../shared/keys/key-forms.ts";
import { FEED_NAME, feedStatement, isFeedPoint } from "../../shared/rules/feed-point.ts";
import { loadSigner, type WalletArgs } from "../load-signer.ts";
import { createOutput } from "../output.ts";

const COMMAND = "task feed";

/** More than the last line of a feed takes. */
const TAIL_BYTES = 2_048;

/** The parsed flags of `subforge task feed`. */
export type WriteFeedArgs = WalletArgs & {
  json: boolean;
  feed: string;
  value: number;
  /** Seconds since 1970. Default: now. */
  time: number | undefined;
  file: string;
};

/**
 * Signs one point of a feed with the hotkey and writes it behind the others.
 *
 * @throws SubforgeError CLI_USAGE, CONFIG_INVALID for a file that is no feed or is further already, and what `loadSigner`
 * throws
 */
export async function writeFeed(args: WriteFeedArgs): Promise<void> {
  const { feed, value, file } = args;
  if (!FEED_NAME.test(feed)) throw usage(`${JSON.stringify(feed.slice(0, 64))} is no name of a feed`);
  if (!Number.isFinite(value)) throw usage("the value must be a number");
  const time = args.time ?? Math.floor(systemClock.nowMs() / 1_000);
  const path = resolve(file);
  const last = await lastTime(path);
  if (time <= last) {
    const problems = [`it ends at ${last}, and ${time} is not later`];
    throw new SubforgeError("CONFIG_INVALID", { what: path, problems });
  }
  const signer = await loadSigner(args);
  const signature = toHex(signer.sign(feedStatement(feed, { value, time })));
  await appendFile(path, `${JSON.stringify({ time, value, signature })}\n`);
  createOutput(args).result({ feed, time, value, signature, signer: signer.address, file: path }, [
    `wrote    ${feed} is ${value} at ${time}, signed by ${signer.address}, to ${file}`,
    `next: subforge validator run --truth-feed ${feed}=${file}`,
  ]);
}

/** Of the last line; -1 for a feed that is new. */
async function lastTime(path: string): Promise<number> {
  const file = await open(path, "a+", 0o644);
  try {
    const { size } = await file.stat();
    if (size === 0) return -1;
    const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
    await file.read(tail, 0, tail.length, size - tail.length);
    const lines = tail.toString().split("\n");
    const point: unknown = lines.at(-1) === "" ? parse(lines.at(-2) ?? "") : undefined;
    if (isFeedPoint(point)) return point.time;
    throw new SubforgeError("CONFIG_INVALID", {
      what: path,
      problems: ["its last line is no point of a feed"],
    });
  } finally {
    await file.close();
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function usage(problem: string): SubforgeError {
  return new SubforgeError("CLI_USAGE", { problem, command: COMMAND });
}
