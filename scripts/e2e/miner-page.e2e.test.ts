import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packageRoot, processEntry } from "../../shared/process-entry.ts";
import { readSource } from "../checks/sources.ts";

/*
 * Every command of docs/miner.md, in its order, as a stranger would type it: in an empty folder with a model. Only ports
 * differ, so that tests may run beside each other. A command that runs until it is stopped is left running when it says
 * that it is ready; the next one of its kind takes its place.
 */

const COMMAND_MS = 60_000;

/** The commands of a page, without the word that finds the program. */
function commandsOf(page: string): string[] {
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) => block);
  return blocks.flatMap((block) => block.split("\n").filter((line) => line !== ""));
}

let folder: string;
let ports: { chain: string; miner: string; metrics: string };
const services = new Map<string, ChildProcess>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "subforge-miner-page-"));
  await copyFile(join(packageRoot(), "subnets/hello/models/sum.onnx"), join(folder, "model.onnx"));
  const [chain = "", miner = "", metrics = ""] = await freePorts(3);
  ports = { chain, miner, metrics };
});
afterAll(async () => {
  for (const kind of [...services.keys()]) await stop(kind);
  await rm(folder, { recursive: true });
});

async function freePorts(count: number): Promise<string[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const found = servers.map((server) => String((server.address() as AddressInfo).port));
  for (const server of servers) server.close();
  return found;
}

/** Runs one line. A service is left running at its line with `next: `. */
async function run(line: string): Promise<string> {
  const [program, ...words] = line.replaceAll("9464", ports.metrics).split(" ");
  expect([program, words.shift()]).toEqual(["npx", "subforge"]);
  const isChain = words[0] === "chain";
  const kind = /^(chain start|miner serve)\b/.exec(words.join(" "))?.[0];
  if (kind) await stop(kind);
  const child = spawn(process.execPath, [processEntry("cli"), ...words], {
    cwd: folder,
    env: {
      ...{ PATH: process.env.PATH, HOME: folder, SUBFORGE_LOG_LEVEL: "warn" },
      SUBFORGE_PORT: isChain ? ports.chain : ports.miner,
      // The file of settings for a real network is made without asking it.
      ...(!line.includes("--network") && { SUBFORGE_NETWORK: `ws://127.0.0.1:${ports.chain}` }),
      SUBFORGE_SECONDS: "0.05",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (piece: string) => {
    errors += piece;
  });
  const exited = once(child, "exit");
  const ready = new Promise<void>((resolve) => {
    child.stdout.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
      if (kind && text.includes("\nnext: ")) resolve();
    });
  });
  if (kind) services.set(kind, child);
  const ended = await Promise.race([exited, ready]);
  if (ended) expect(ended[0], `${line}\n${text}${errors}`).toBe(0);
  expect(kind !== undefined && ended !== undefined, `${line} ended by itself`).toBe(false);
  return text;
}

async function stop(kind: string): Promise<void> {
  const child = services.get(kind);
  services.delete(kind);
  if (!child || child.exitCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}

test("every command of docs/miner.md does what the page says, from an empty folder and any model", {
  timeout: 4 * COMMAND_MS,
}, async () => {
  const commands = commandsOf(readSource("docs/miner.md") ?? "");
  expect(commands.length).toBeGreaterThan(10);
  const printed: string[] = [];
  for (const command of commands) printed.push(await run(command));
  const verified = commands.filter((command) => command.includes("--as-validator"));
  expect(printed.filter((text) => text.includes("a signed answer, verified"))).toHaveLength(verified.length);
  expect(printed[2], "the third command is the one that shows it").toContain("a signed answer, verified");
  expect(printed.at(-1)).toContain("times one row at a time");
});
