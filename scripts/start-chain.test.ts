import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { isSubforgeError } from "../shared/errors.ts";
import { processEntry } from "../shared/process-entry.ts";
import { parseBlockTime } from "./start-chain.ts";

const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

describe("subforge chain start", () => {
  it("prints one document, answers, refuses a second one on its port, and ends on Ctrl+C with 0", async () => {
    const chain = run("--port", "0", "--json");
    const { endpoint, accounts } = JSON.parse(await firstLine(chain)) as {
      endpoint: string;
      accounts: { uri: string }[];
    };
    expect(accounts.map(({ uri }) => uri)).toContain("//Alice");
    const http = endpoint.replace("ws:", "http:");
    const answer = await fetch(http, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: "a", method: "system_chain" }),
    });
    expect(await answer.json()).toEqual({ jsonrpc: "2.0", id: "a", result: "Bittensor" });

    const second = run("--port", new URL(endpoint).port, "--json");
    const [refusal, [code]] = await Promise.all([firstLine(second), once(second, "exit")]);
    expect(code).toBe(3);
    expect(JSON.parse(refusal)).toMatchObject({ error: { code: "PORT_IN_USE" } });

    chain.kill("SIGINT");
    expect(await once(chain, "exit")).toEqual([0, null]);
  });

  it("goes on from its --state file, and saves it at the end", async () => {
    const folder = await mkdtemp(join(tmpdir(), "subforge-start-"));
    const path = join(folder, "chain.state");
    const words = ["--port", "0", "--json", "--block-time", "manual", "--state", path];
    try {
      const first = run(...words);
      const { endpoint, genesisHash } = JSON.parse(await firstLine(first)) as Record<string, string>;
      await fetch(endpoint!.replace("ws:", "http:"), {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "dev_newBlock", params: [{ count: 3 }] }),
      });
      first.kill("SIGTERM");
      expect(await once(first, "exit")).toEqual([0, null]);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      const second = run(...words);
      expect(JSON.parse(await firstLine(second))).toMatchObject({ block: 3, genesisHash });
      second.kill("SIGTERM");
      await once(second, "exit");

      await writeFile(path, "no state");
      const third = run(...words);
      const [refusal, [code]] = await Promise.all([firstLine(third), once(third, "exit")]);
      expect(JSON.parse(refusal)).toMatchObject({ error: { code: "CHAIN_STATE_INVALID" } });
      expect(code).toBe(3);
      expect(await readFile(path, "utf8"), "a refused file is left as it is").toBe("no state");
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it.each(["0ms", "3x", "2h", "-1s", "", "1.5s"])("refuses the block time %j", (text) => {
    expect(() => parseBlockTime(text)).toThrow(
      expect.toSatisfy((error) => isSubforgeError(error, "CLI_USAGE")),
    );
  });

  it.each([
    ["250ms", { kind: "interval", ms: 250 }],
    ["12s", { kind: "interval", ms: 12_000 }],
    ["instant", { kind: "instant" }],
    ["manual", { kind: "manual" }],
  ] as const)("reads the block time %s", (text, mode) => {
    expect(parseBlockTime(text)).toEqual(mode);
  });
});

function run(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [processEntry("cli"), "chain", "start", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.push(child);
  return child;
}

async function firstLine({ stdout }: ChildProcess): Promise<string> {
  let text = "";
  for await (const part of stdout!) {
    text += part;
    if (text.includes("\n")) break;
  }
  return text.slice(0, text.indexOf("\n"));
}
