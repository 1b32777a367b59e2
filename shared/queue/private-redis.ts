import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { isSubforgeError, SubforgeError } from "../errors.ts";
import type { Logger } from "../logger.ts";
import { connectRedis, within } from "./connection.ts";

const START_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 5_000;
const RESTART_DELAY_MS = 200;

export type PrivateRedis = {
  /** With its password: hand it on, never print it. */
  url: string;
  port: number;
  /** Of the process that runs now; changes with a restart. */
  pid(): number | undefined;
  /** Resolves when the process has ended after the signal aborted. */
  stopped: Promise<void>;
};

/**
 * A redis-server of our own: this machine only, random password, every write in a log that is synced once a second,
 * nothing ever evicted. Restarted on the same port when it dies; ends with the signal.
 *
 * @param options.folder - Keeps the configuration and what must survive a restart.
 * @param options.port - Default: a free one.
 * @throws SubforgeError REDIS_SERVER_MISSING | REDIS_SERVER_FAILED
 */
export async function startPrivateRedis(options: {
  folder: string;
  port?: number | undefined;
  signal: AbortSignal;
  logger: Logger;
}): Promise<PrivateRedis> {
  const { folder, signal, logger } = options;
  const last = readConfig(folder);
  if (last) await shutDownLeftOver(last, logger);
  const port = options.port ?? (last && (await isFree(last.port)) ? last.port : await freePort());
  const password = last?.password ?? randomBytes(24).toString("hex");
  const config = writeConfig(folder, port, password);
  const url = toUrl(port, password);

  let child = await launch(config, logger);
  await untilReady(url, child, logger, signal);
  logger.info("redis.started", { port });
  const stopped = supervise();
  return { url, port, pid: () => child.pid, stopped };

  async function supervise(): Promise<void> {
    while (!signal.aborted) {
      await exitOf(child, signal);
      if (signal.aborted) break;
      logger.warn("redis.restarting", { port, code: child.exitCode ?? child.signalCode });
      await new Promise((resolve) => setTimeout(resolve, RESTART_DELAY_MS));
      child = await launch(config, logger).catch(() => child);
    }
    await stop(child);
  }
}

/** Port and password of the last start here: workers that were given them find the server again. */
function readConfig(folder: string): { port: number; password: string } | undefined {
  const path = join(folder, "redis.conf");
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  const port = /^port (\d+)$/m.exec(text)?.[1];
  const password = /^requirepass (\S+)$/m.exec(text)?.[1];
  return port && password ? { port: Number(port), password } : undefined;
}

/** A predecessor that was killed could not stop its server, and two servers must not write one folder. */
async function shutDownLeftOver(last: { port: number; password: string }, logger: Logger): Promise<void> {
  const url = toUrl(last.port, last.password);
  const link = await connectRedis({ url, logger }).catch(() => undefined);
  if (!link) return;
  logger.warn("redis.left-over", { port: last.port });
  const gone = once(link.redis, "close");
  link.redis.shutdown().catch(() => undefined); // it answers by hanging up
  await within(gone, STOP_TIMEOUT_MS, link.where).finally(() => link.close());
}

function writeConfig(folder: string, port: number, password: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, "redis.conf");
  const lines = [
    "bind 127.0.0.1",
    "protected-mode yes",
    `port ${port}`,
    `requirepass ${password}`,
    `dir "${folder}"`,
    "appendonly yes",
    "appendfsync everysec",
    'save ""',
    "maxmemory-policy noeviction",
    "daemonize no",
    "loglevel warning",
  ];
  // A file, because arguments can be read by everybody on the machine.
  writeFileSync(path, `${lines.join("\n")}\n`, { mode: 0o600 });
  return path;
}

/** @throws SubforgeError REDIS_SERVER_MISSING | REDIS_SERVER_FAILED */
async function launch(config: string, logger: Logger): Promise<ChildProcess> {
  // In a process group of its own: a Ctrl+C at the terminal is for us, and we stop it last.
  const child = spawn("redis-server", [config], { stdio: ["ignore", "pipe", "pipe"], detached: true });
  child.stdout?.on("data", (text: Buffer) => logger.debug("redis.says", { text: text.toString().trim() }));
  child.stderr?.on("data", (text: Buffer) => logger.debug("redis.says", { text: text.toString().trim() }));
  const failed = once(child, "error").then(([error]) => error as NodeJS.ErrnoException);
  const outcome = await Promise.race([once(child, "spawn").then(() => undefined), failed]);
  if (!outcome) return child;
  if (outcome.code === "ENOENT") throw new SubforgeError("REDIS_SERVER_MISSING", {});
  throw new SubforgeError("REDIS_SERVER_FAILED", { reason: outcome.message }, { cause: outcome });
}

async function untilReady(
  url: string,
  child: ChildProcess,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const until = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    try {
      (await connectRedis({ url, logger })).close();
      return;
    } catch (error) {
      const ended = child.exitCode !== null || child.signalCode !== null;
      if (!ended && !signal.aborted && isSubforgeError(error, "QUEUE_UNREACHABLE") && Date.now() < until) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        continue;
      }
      await stop(child);
      const reason = ended ? `it ended with ${child.exitCode ?? child.signalCode}` : String(error);
      throw new SubforgeError("REDIS_SERVER_FAILED", { reason }, { cause: error });
    }
  }
}

async function exitOf(child: ChildProcess, signal: AbortSignal): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || signal.aborted) return;
  await new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}

function toUrl(port: number, password: string): string {
  return `redis://:${password}@127.0.0.1:${port}`;
}

/** @returns The port, or undefined when it is taken. 0 asks for any. */
async function tryPort(port: number): Promise<number | undefined> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return undefined;
  }
  const found = (server.address() as { port: number }).port;
  server.close();
  await once(server, "close");
  return found;
}

async function isFree(port: number): Promise<boolean> {
  return (await tryPort(port)) !== undefined;
}

async function freePort(): Promise<number> {
  return (await tryPort(0))!;
}
