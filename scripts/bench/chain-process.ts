import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Pool } from "undici";
import { SubforgeError } from "../../shared/errors.ts";
import { processEntry } from "../../shared/process-entry.ts";

const START_DEADLINE_MS = 30_000;
const CALL_DEADLINE_MS = 60_000;
const KEEP_ALIVE_MS = 500;

/** A local chain as a process of its own, that makes blocks when it is told to. */
export type ChainProcess = {
  endpoint: string;
  genesisHash: `0x${string}`;
  /** From the start of the process to the document it prints, and to the first answer: milliseconds. */
  printedMs: number;
  answeredMs: number;
  pid: number;
  /** The result of one method. @throws SubforgeError CHAIN_BAD_ANSWER for an error */
  call<T>(method: string, ...params: unknown[]): Promise<T>;
  close(): Promise<void>;
};

/** `subforge chain start --port 0 --json`, followed until the first answer. @throws SubforgeError CHAIN_UNREACHABLE */
export async function startChainProcess(): Promise<ChainProcess> {
  const startedAt = performance.now();
  const words = ["chain", "start", "--port", "0", "--json", "--block-time", "manual", "--log-level", "error"];
  const child = spawn(process.execPath, [processEntry("cli"), ...words], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { endpoint, genesisHash } = await readDocument(child);
  const printedMs = performance.now() - startedAt;
  // Kept for less than the server keeps it: on a busy machine a call must not meet a connection that is being closed.
  const kept = { keepAliveTimeout: KEEP_ALIVE_MS, keepAliveMaxTimeout: KEEP_ALIVE_MS };
  const pool = new Pool(endpoint.replace("ws", "http"), { bodyTimeout: CALL_DEADLINE_MS, ...kept });
  let id = 0;

  const call = async <T>(method: string, ...params: unknown[]): Promise<T> => {
    const { body } = await pool.request({
      path: "/",
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: ++id, method, params }),
    });
    const answer = (await body.json()) as { result?: T; error?: unknown };
    if (answer.error === undefined) return answer.result as T;
    throw new SubforgeError("CHAIN_BAD_ANSWER", { what: method, problem: JSON.stringify(answer.error) });
  };
  const close = async () => {
    await pool.destroy();
    if (child.exitCode === null && child.kill("SIGTERM"))
      await new Promise((done) => child.once("exit", done));
  };
  await call("chain_getHeader");
  return {
    endpoint,
    genesisHash,
    printedMs,
    answeredMs: performance.now() - startedAt,
    pid: child.pid!,
    call,
    close,
  };
}

async function readDocument(child: ChildProcess): Promise<{ endpoint: string; genesisHash: `0x${string}` }> {
  const timer = setTimeout(() => child.kill("SIGKILL"), START_DEADLINE_MS);
  try {
    for await (const line of createInterface({ input: child.stdout! })) return JSON.parse(line);
    throw new SubforgeError("CHAIN_UNREACHABLE", {
      endpoint: "local",
      reason: "the chain ended while it started",
    });
  } finally {
    clearTimeout(timer);
  }
}
