import { access, constants, stat, statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { isSubforgeError, SubforgeError } from "../../shared/errors.ts";
import { lockFile } from "../../shared/journal/sqlite-file.ts";
import { walletPaths } from "../../shared/keys/keyfile-store.ts";
import { silentLogger } from "../../shared/logger.ts";
import { processEntry } from "../../shared/process-entry.ts";
import { connectRedis, within } from "../../shared/queue/connection.ts";
import type { Hotkey } from "../../shared/types.ts";
import { checkRedisServer } from "../doctor.ts";
import { type Finding, fromError, missing, ok, orMissing } from "../finding.ts";
import type { WalletArgs } from "../load-signer.ts";
import { journalPath, withJournal } from "./journal-view.ts";

/** Journal, private Redis and their logs; what an epoch adds is small beside it. */
const MIN_FREE_BYTES = 2 ** 30;

/** BullMQ's own minimum is 5; streams and functions it uses are as they should be from here on. */
const MIN_REDIS_MAJOR = 6;

const REDIS_TIMEOUT_MS = 4_000;

/** Who reaches this machine must not reach the key that owns the stake. */
export async function checkColdkey({ wallet, walletPath, devKey }: WalletArgs): Promise<Finding[]> {
  if (devKey !== undefined) return [];
  const { coldkey } = walletPaths(walletPath, wallet);
  const isHere = await access(coldkey).then(
    () => true,
    () => false,
  );
  if (!isHere) return [ok("coldkey", `not on this machine: ${coldkey} does not exist`)];
  const next = "a validator never needs it: move it to a machine without a network; see docs/keys.md";
  return [{ what: "coldkey", state: "warn", fact: `the secret is on this machine: ${coldkey}`, next }];
}

type RedisArgs = { queue: string | undefined; queuePrivateNetwork: boolean };

/** The Redis that is named; without one, the program that would be started. */
export async function checkRedis({
  queue: url,
  queuePrivateNetwork: privateNetwork,
}: RedisArgs): Promise<Finding> {
  if (url === undefined) {
    const found = await checkRedisServer({ queue: undefined });
    if (found.state !== "ok") return { ...found, what: "redis" };
    return ok(
      "redis",
      `${found.fact}: a private one is started, with a password, append-only and noeviction`,
    );
  }
  try {
    const link = await connectRedis({ url, privateNetwork, logger: silentLogger });
    try {
      return judgeRedis(await within(link.redis.info(), REDIS_TIMEOUT_MS, link.where), url, link.where);
    } finally {
      link.close();
    }
  } catch (error) {
    return fromError("redis", error);
  }
}

/** Pure. `connectRedis` has refused eviction, and an unprotected way over a network. */
export function judgeRedis(info: string, url: string, where: string): Finding {
  const what = "redis";
  const field = (name: string) => new RegExp(`^${name}:(\\S+)`, "m").exec(info)?.[1];
  const version = field("redis_version") ?? "?";
  const isDurable = field("aof_enabled") === "1";
  const fact = [
    `${version} at ${where}`,
    "noeviction ✓",
    isDurable ? "append-only ✓" : "append-only off",
    /\/\/[^/@]*:[^/@]+@/.test(url) ? "password ✓" : "no password, this machine only",
    url.startsWith("rediss:") ? "TLS ✓" : "no TLS",
  ].join(", ");
  if (Number.parseInt(version, 10) < MIN_REDIS_MAJOR) {
    return missing(what, fact, `use Redis ${MIN_REDIS_MAJOR} or newer`);
  }
  if (isDurable) return ok(what, fact);
  const next =
    "it forgets what waits when it restarts, and a round may be lost: redis-cli CONFIG SET appendonly yes";
  return { what, state: "warn", fact, next };
}

/** Whose it is, what it proves, and whether what will be decided can be written beside it. */
export async function checkJournal(
  data: string,
  owner: { genesis: string | undefined; hotkey: Hotkey | undefined },
): Promise<Finding[]> {
  const path = journalPath(data);
  const writable = await checkFolder(dirname(path));
  const records = await orMissing("journal", () =>
    withJournal({ data }, (journal) => {
      for (const what of ["genesis", "hotkey"] as const) {
        const expected = owner[what];
        if (expected === undefined || expected === journal[what]) continue;
        throw new SubforgeError("JOURNAL_FOREIGN", { path, what, expected, found: journal[what] });
      }
      const vectors = journal.subjects().map(({ netuid, mechanism }) => {
        const verified = journal.weights
          .latest(netuid, mechanism, 64)
          .find(({ status }) => status === "verified");
        const where = mechanism === 0 ? `netuid ${netuid}` : `netuid ${netuid} mechanism ${mechanism}`;
        if (!verified) return `${where}: none verified`;
        return `${where}: epoch ${verified.epoch}, verified in block ${verified.revealedBlock ?? verified.block}`;
      });
      return `last weights: ${vectors.join("; ") || "none yet"}; ${describeLock(path)}`;
    }),
  );
  const isNew = records.code === "JOURNAL_ABSENT";
  return [isNew ? ok("journal", `none yet: ${path} is made at the first start`) : records, writable];
}

/** A check takes the lock for a moment, and only when nobody has it. */
function describeLock(path: string): string {
  try {
    lockFile(`${path}.lock`).release();
    return "no validator writes it";
  } catch (error) {
    if (isSubforgeError(error, "JOURNAL_LOCKED")) return "a validator is running with it";
    throw error;
  }
}

/** The folder, or the nearest one above it that exists. */
async function checkFolder(folder: string): Promise<Finding> {
  const what = "data folder";
  let at = resolve(folder);
  while ((await stat(at).catch(() => undefined)) === undefined && dirname(at) !== at) at = dirname(at);
  try {
    await access(at, constants.W_OK | constants.X_OK);
  } catch {
    return missing(what, `${at} cannot be written`, "choose another one with --data, or correct its owner");
  }
  const { bavail, bsize } = await statfs(at);
  const free = bavail * bsize;
  const fact = `${folder} can be written, ${(free / 2 ** 30).toFixed(1)} GiB free`;
  return free >= MIN_FREE_BYTES
    ? ok(what, fact)
    : missing(what, fact, "free at least 1 GiB: nothing is signed that cannot be recorded");
}

/** Can workers be started here, and can others join? */
export async function checkWorkers({ workers, queue }: RedisArgs & { workers: number }): Promise<Finding> {
  const what = "workers";
  try {
    if (workers > 0) processEntry("cli");
    const here = workers === 0 ? "none are started here" : `${workers} are started here`;
    if (queue !== undefined) {
      return ok(what, `${here}; others join with: subforge validator worker --queue redis://…`);
    }
    if (workers > 0)
      return ok(what, `${here}; a private Redis is closed to other machines, --queue opens the work to them`);
    const next = "start some with --workers, or name a Redis that workers elsewhere reach: --queue";
    return missing(what, `${here}, and nobody else reaches a private Redis: no miner would be asked`, next);
  } catch (error) {
    return fromError(what, error);
  }
}
