import { once } from "node:events";
import WebSocket, { WebSocketServer } from "ws";
import { type LocalNode, startLocalNode } from "../../localnet/node/local-node.ts";
import { isSubforgeError } from "../errors.ts";
import type { Logger } from "../logger.ts";
import type { Chain } from "./chain.ts";
import {
  openSubstrateChain,
  type SubstrateChainDeps,
  type SubstrateChainOptions,
} from "./substrate-chain.ts";

/** Lines of a log, to look for what was told. */
export class LogLines implements Logger {
  readonly lines: { event: string; fields: Record<string, unknown> }[] = [];
  info = (event: string, fields: Record<string, unknown> = {}) => void this.lines.push({ event, fields });
  warn = this.info;
  error = this.info;
  debug = () => undefined;

  of(event: string): Record<string, unknown>[] {
    return this.lines.filter((line) => line.event === event).map(({ fields }) => fields);
  }
}

type Address = { endpoint: string };
type Question = { method: string; params: unknown[] };

/** Nodes and links that a test opens are closed after it, whatever it threw. */
export class LinkBench {
  readonly #open: { close(): Promise<void> }[] = [];

  async node(options: Partial<Parameters<typeof startLocalNode>[0]> = {}): Promise<LocalNode> {
    const quiet = new LogLines();
    const node = await startLocalNode({ port: 0, mode: { kind: "manual" }, logger: quiet, ...options });
    this.#open.push(node);
    return node;
  }

  async link(
    nodes: Address | readonly Address[],
    options: Partial<SubstrateChainOptions> = {},
    deps: SubstrateChainDeps = {},
  ): Promise<{ chain: Chain; log: LogLines }> {
    const log = new LogLines();
    const endpoint = [nodes].flat().map((node) => node.endpoint);
    const chain = await openSubstrateChain({ endpoint, timeoutMs: 2_000, ...options }, log, {
      random: () => 0.5,
      ...deps,
    });
    this.#open.unshift(chain);
    return { chain, log };
  }

  /** An endpoint in front of a node that may say something else than the node does, or refuse with an Error. */
  async relay(node: LocalNode, alter: (answer: unknown, question: Question) => unknown): Promise<Address> {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    server.on("connection", (client) => {
      const upstream = new WebSocket(node.endpoint);
      const questions = new Map<unknown, Question>();
      const waiting: string[] = [];
      client.on("message", (data) => {
        const text = String(data);
        const question = JSON.parse(text) as Question & { id: unknown };
        questions.set(question.id, question);
        if (upstream.readyState === WebSocket.OPEN) upstream.send(text);
        else waiting.push(text);
      });
      upstream.on("open", () => {
        for (const text of waiting.splice(0)) upstream.send(text);
      });
      upstream.on("message", (data) => {
        const { id, ...message } = JSON.parse(String(data)) as { id?: unknown; result?: unknown };
        const question = questions.get(id);
        const said = question ? alter(message.result, question) : undefined;
        const error = said instanceof Error && { code: 4003, message: said.message };
        const altered = error ? { error } : question && "result" in message ? { result: said } : message;
        client.send(JSON.stringify({ jsonrpc: "2.0", ...(question && { id }), ...altered }));
      });
      client.on("close", () => upstream.terminate());
      upstream.on("close", () => client.terminate());
      upstream.on("error", () => client.terminate());
    });
    await once(server, "listening");
    this.#open.push({
      close: async () => {
        for (const client of server.clients) client.terminate();
        server.close();
      },
    });
    return { endpoint: `ws://127.0.0.1:${(server.address() as { port: number }).port}` };
  }

  async close(): Promise<void> {
    for (const one of this.#open.splice(0)) await one.close();
  }
}

/** What a call ended with: its code, or `ok`. */
export function outcomeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "ok",
    (error: unknown) => (isSubforgeError(error) ? error.code : String(error)),
  );
}
