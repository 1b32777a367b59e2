import { type ChildProcess, fork } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import type { BlockHead } from "../shared/chain/chain.ts";
import { isSubforgeError } from "../shared/errors.ts";
import type { Keypair } from "../shared/keys/keypair.ts";
import { packageRoot } from "../shared/process-entry.ts";
import type { Answer, Question, SignerReport, SignerTask } from "./signer-child.test-kit.ts";
import type { TestChain } from "./test-net.test-kit.ts";

/*
 * Test support: processes that set weights for one hotkey, on the chain of the test that started them. What they ask of it
 * travels over the channel between parent and child.
 */

/** Bundles the child for child processes; the folder is where packages are found from. */
export async function buildSigner(): Promise<{ script: string; remove(): void }> {
  const cache = join(packageRoot(), "node_modules", ".cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "subforge-signer-"));
  const script = join(folder, "signer.mjs");
  await build({
    entryPoints: [join(import.meta.dirname, "signer-child.test-kit.ts")],
    ...{ bundle: true, platform: "node", format: "esm", packages: "external", outfile: script },
  });
  return { script, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export type SignerProcess = {
  child: ChildProcess;
  /** Resolves when it has become the planner. */
  leader: Promise<void>;
  ended: Promise<string>;
  go(): void;
};

export function startSigner(
  script: string,
  task: SignerTask,
  chain: TestChain,
  signer: Keypair,
): SignerProcess {
  const child = fork(script, { serialization: "advanced", execArgv: [] });
  let leads = (): void => {};
  let ends = (_how: string): void => {};
  const leader = new Promise<void>((resolve) => {
    leads = resolve;
  });
  const ended = new Promise<string>((resolve) => {
    ends = resolve;
  });
  child.on("message", (message: Question | SignerReport) => {
    if ("leader" in message) leads();
    else if ("ended" in message) ends(message.ended);
    else void answer(message, chain, signer).then((reply) => child.connected && child.send(reply));
  });
  child.once("exit", (code, killedBy) => ends(`exit ${code ?? killedBy}`));
  child.send(task);
  return { child, leader, ended, go: () => void child.send("go") };
}

async function answer({ id, method, args }: Question, chain: TestChain, signer: Keypair): Promise<Answer> {
  try {
    if (method === "nextHead") return { id, result: await headAfter(chain, args[0] as number) };
    if (method === "sign") return { id, result: await chain.sign(args[0] as never, signer) };
    const work = chain[method as "weights"] as (...all: unknown[]) => Promise<unknown>;
    return { id, result: await work.apply(chain, args) };
  } catch (error) {
    if (!isSubforgeError(error)) throw error;
    return { id, failed: { code: error.code, details: error.details } };
  }
}

async function headAfter(chain: TestChain, number: number): Promise<BlockHead> {
  while (chain.best.number <= number) await new Promise((resolve) => setTimeout(resolve, 5));
  return chain.best;
}
