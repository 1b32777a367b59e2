import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { packageRoot, processEntry } from "../../shared/process-entry.ts";
import { readSource } from "../checks/sources.ts";

/** A command that runs until it is stopped: its first words, and what it has printed when it does its work. */
export type PageService = { words: string; ready: RegExp };

/**
 * The commands of a page of docs/, as a stranger would type them: in an empty folder with a model. Only ports differ, so that
 * tests may run beside each other. A service is left running when it is ready; the next one of its kind takes its place.
 */
export class PageRun {
  readonly #folder: string;
  /** Where the next command is typed: a page may say `cd`. */
  #at: string;
  readonly #services: readonly PageService[];
  readonly #environment: (line: string) => Record<string, string | undefined>;
  readonly #running = new Map<string, ChildProcess>();

  /** Use `open`. */
  constructor(
    folder: string,
    services: readonly PageService[],
    environment: (line: string) => Record<string, string | undefined>,
  ) {
    this.#folder = folder;
    this.#at = folder;
    this.#services = services;
    this.#environment = environment;
  }

  /** @param environment - Variables for the command in a line; undefined ones are left out. */
  static async open(
    services: readonly PageService[],
    environment: (line: string) => Record<string, string | undefined>,
  ): Promise<PageRun> {
    const folder = await mkdtemp(join(tmpdir(), "subforge-page-"));
    await copyFile(join(packageRoot(), "subnets/hello/models/sum.onnx"), join(folder, "model.onnx"));
    return new PageRun(folder, services, environment);
  }

  /** Folder in which the next command is typed. */
  get at(): string {
    return this.#at;
  }

  async close(): Promise<void> {
    for (const { words } of [...this.#services].reverse()) await this.stop(words);
    await rm(this.#folder, { recursive: true });
  }

  /**
   * Runs one line, which ends with one of these codes.
   *
   * @returns What it printed: all, or as far as it was ready.
   */
  async run(line: string, codes: readonly number[] = [0]): Promise<string> {
    const [program, ...words] = line.split(" ");
    if (program === "cd") {
      this.#at = join(this.#at, words.join(" "));
      return "";
    }
    expect([program, words.shift()]).toEqual(["npx", "subforge"]);
    const service = this.#services.find(({ words: first }) => `${words.join(" ")} `.startsWith(`${first} `));
    if (service) await this.stop(service.words);
    const extra = Object.entries(this.#environment(line)).filter(([, value]) => value !== undefined);
    const child = spawn(process.execPath, [processEntry("cli"), ...words], {
      cwd: this.#at,
      env: {
        ...{ PATH: process.env.PATH, HOME: this.#folder, SUBFORGE_LOG_LEVEL: "warn" },
        ...Object.fromEntries(extra),
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (piece: string) => {
      errors += piece;
    });
    const closed = once(child, "close");
    const ready = new Promise<void>((resolve) => {
      child.stdout.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
        if (service?.ready.test(text)) resolve();
      });
    });
    if (service) this.#running.set(service.words, child);
    const ended = await Promise.race([closed, ready]);
    if (ended)
      expect(ended[0], `${line}\n${text}${errors}`).toSatisfy((code: number) => codes.includes(code));
    expect(service !== undefined && ended !== undefined, `${line} ended by itself`).toBe(false);
    return text;
  }

  /** Ends a service, if it runs. */
  async stop(words: string): Promise<void> {
    const child = this.#running.get(words);
    this.#running.delete(words);
    if (!child || child.exitCode !== null) return;
    child.kill("SIGTERM");
    await once(child, "exit");
  }
}

/** The commands of a page, in its order. */
export function commandsOf(path: string): string[] {
  const page = readSource(path) ?? "";
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) => block);
  return blocks.flatMap((block) => block.split("\n").filter((line) => line !== ""));
}

export async function freePorts(count: number): Promise<string[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const found = servers.map((server) => String((server.address() as AddressInfo).port));
  for (const server of servers) server.close();
  return found;
}
