import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis, type RedisOptions } from "ioredis";

/** Real servers for tests, of any configuration, in a folder of their own. */
export class RedisServers {
  readonly folder = mkdtempSync(join(tmpdir(), "subforge-redis-"));
  readonly #stops: (() => Promise<void>)[] = [];
  #count = 0;

  /**
   * @param lines - Of its configuration; `port` and `dir` are given.
   * @param admin - How to speak with it until it answers.
   */
  async start(
    lines: readonly string[],
    { sentinel = false, admin = {} }: { sentinel?: boolean; admin?: RedisOptions } = {},
  ): Promise<{ port: number; pid: number; admin: Redis }> {
    const port = await freePort();
    const folder = join(this.folder, String(this.#count++));
    mkdirSync(folder);
    const path = join(folder, "redis.conf");
    const tls = lines.some((line) => line.startsWith("tls-cert-file"));
    const ports = tls ? ["port 0", `tls-port ${port}`] : [`port ${port}`];
    const common = ["bind 127.0.0.1", ...ports, `dir ${folder}`, "daemonize no", "loglevel warning"];
    writeFileSync(path, `${[...common, ...lines].join("\n")}\n`);
    const child = spawn("redis-server", [path, ...(sentinel ? ["--sentinel"] : [])], { stdio: "ignore" });
    const link = new Redis({ host: "127.0.0.1", port, retryStrategy: () => 20, ...admin });
    link.on("error", () => undefined);
    this.#stops.push(async () => {
      link.disconnect();
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    });
    await link.ping();
    return { port, pid: child.pid!, admin: link };
  }

  /** A certificate for 127.0.0.1 that signs itself, and clients of this folder trust. */
  certificate(): { cert: string; key: string } {
    const [cert, key] = [join(this.folder, "cert.pem"), join(this.folder, "key.pem")];
    const words =
      "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=queue.example";
    const names = ["-addext", "subjectAltName=DNS:queue.example,IP:127.0.0.1"];
    execFileSync("openssl", [...words.split(" "), ...names, "-keyout", key, "-out", cert], {
      stdio: "ignore",
    });
    return { cert, key };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#stops.map((stop) => stop()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  // Below the range of outgoing connections, and low enough that a cluster's second port (10,000 above) is one.
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false)).listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!free) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}
