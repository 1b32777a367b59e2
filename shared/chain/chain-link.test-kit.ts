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
    nodes: LocalNode | readonly LocalNode[],
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
