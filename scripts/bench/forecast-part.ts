import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../shared/clock.ts";
import { silentLogger } from "../../shared/logger.ts";
import { startResultsServer } from "../../validator/results/results-server.ts";

/*
 * The servers of the benchmark of the consumer endpoint, each in a process of its own: says {"port"} when it listens and
 * ends with its input.
 */

type Part = { port: number; close(): Promise<unknown> };

const PARTS: Record<string, (word: string) => Promise<Part>> = {
  /** The endpoint over the journal in a folder. */
  results: async (folder) => {
    const { url, close } = await startResultsServer(
      { journalPath: join(folder, "journal.db"), host: "127.0.0.1", port: 0 },
      { clock: systemClock, logger: silentLogger, signal: new AbortController().signal },
    );
    return { port: Number(new URL(url).port), close };
  },
  /** The least that Node can do: a body of so many bytes, whoever asks for what. */
  bare: async (bytes) => {
    const body = Buffer.alloc(Number(bytes), "x");
    const server = createServer((_, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
      response.end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { port: (server.address() as AddressInfo).port, close: async () => server.closeAllConnections() };
  },
};

const [name = "", word = ""] = process.argv.slice(2);
const { port, close } = await PARTS[name]!(word);
process.stdout.write(`${JSON.stringify({ port })}\n`);
process.stdin.resume().once("end", async () => {
  await Promise.race([close(), delay(5_000)]);
  process.exit(0);
});
