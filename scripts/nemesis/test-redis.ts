import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { SubforgeError } from "../../shared/errors.ts";
import { endWithUs } from "./end-with-us.ts";

const START_TRIES = 200;
const TRY_EVERY_MS = 25;

/** A redis-server that is killed, frozen and filled on purpose. It restarts only when it is told to. */
export class TestRedis {
  readonly url: string;
  readonly #folder: string;
  readonly #port: number;
  #child: ChildProcess | undefined;

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.#port = port;
    this.url = `redis://127.0.0.1:${port}`;
  }

  static async start(folder: string): Promise<TestRedis> {
    mkdirSync(folder, { recursive: true });
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    const redis = new TestRedis(folder, port);
    await redis.start();
    return redis;
  }

  /** Goes on with what it had written before it died. */
  async start(): Promise<void> {
    const settings = { port: this.#port, bind: "127.0.0.1", dir: this.#folder, appendonly: "yes", save: "" };
    const flags = Object.entries({ ...settings, "maxmemory-policy": "noeviction", loglevel: "warning" });
    const child = spawn(
      "redis-server",
      flags.flatMap(([name, value]) => [`--${name}`, String(value)]),
      {
        stdio: "ignore",
      },
    );
    endWithUs(child);
    this.#child = child;
    const failed = once(child, "error").then(([error]) => error as Error);
    for (let tries = 0; tries < START_TRIES; tries++) {
      if ((await this.command("PING").catch(() => "")).includes("PONG")) return;
      const problem = await Promise.race([failed, delay(TRY_EVERY_MS)]);
      if (problem) throw new SubforgeError("REDIS_SERVER_FAILED", { reason: problem.message });
    }
    throw new SubforgeError("REDIS_SERVER_FAILED", { reason: "it did not answer" });
  }

  /** @returns What redis-cli prints. */
  async command(...words: string[]): Promise<string> {
    const args = ["-p", String(this.#port), ...words];
    return (await promisify(execFile)("redis-cli", args, { timeout: 2_000 })).stdout;
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  freeze(): void {
    this.#child?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#child?.kill("SIGCONT");
  }
}
