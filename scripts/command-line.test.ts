import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import packageJson from "../package.json" with { type: "json" };
import { processEntry } from "../shared/process-entry.ts";
import { runCli } from "./run-cli.test-kit.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "subforge-cli-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("command line", () => {
  it("lists its commands with --help, and the same without any word", async () => {
    const help = await runCli(["--help"]);
    expect(help).toMatchObject({ exitCode: 0, stderr: "" });
    expect(help.stdout).toContain("subforge wallet");
    expect((await runCli([])).stdout).toBe(help.stdout);
  });

  it("prints its version", async () => {
    expect(await runCli(["--version"])).toMatchObject({ exitCode: 0, stdout: `${packageJson.version}\n` });
  });

  it("takes flags from SUBFORGE_ variables, and a flag wins over its variable", async () => {
    const environment = { SUBFORGE_JSON: "true", SUBFORGE_WALLET_PATH: join(folder, "nobody") };
    expect(JSON.parse((await runCli(["wallet", "list"], { environment })).stdout)).toEqual({ keys: [] });
    const shown = await runCli(["wallet", "list", "--no-json", "--wallet-path", folder], { environment });
    expect(shown.stdout).toBe(`no wallet in ${folder}; make one: subforge wallet create\n`);
  });

  it("takes a variable without a value for none", async () => {
    const { exitCode } = await runCli(["explain", "INTERNAL"], { environment: { SUBFORGE_LOG_LEVEL: "" } });
    expect(exitCode).toBe(0);
  });

  it("takes a flag for a switch where the command has one, though other commands give it a value", async () => {
    const { exitCode, stderr } = await runCli(["chain", "start", "--subnet", "--port", "nonsense"]);
    expect(stderr).toContain("--port needs a number");
    expect(exitCode).toBe(2);
  });

  it("is not disturbed by a variable that belongs to another command", async () => {
    const { exitCode } = await runCli(["explain", "INTERNAL"], { environment: { SUBFORGE_EPOCHS: "3" } });
    expect(exitCode).toBe(0);
  });

  it("survives a reader that leaves, as head does", async () => {
    const child = spawn(process.execPath, [processEntry("cli"), "--help"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.destroy();
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const [exitCode] = await once(child, "close");
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  });

  it("explains a code offline, whatever its case", async () => {
    const { stdout } = await runCli(["explain", "wallet_exists", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      code: "WALLET_EXISTS",
      exitCode: 5,
      cause: expect.stringMatching(/./),
    });
  });

  it("creates a development wallet, lists it and never overwrites it", async () => {
    const create = ["wallet", "create", "--wallet-path", join(folder, "w"), "--dev-key", "//Alice", "--json"];
    const created = await runCli(create);
    expect(JSON.parse(created.stdout)).toMatchObject({ keys: [{ kind: "coldkey" }, { kind: "hotkey" }] });
    expect(created.stdout).not.toContain("mnemonic");
    const listed = await runCli(["wallet", "list", "--wallet-path", join(folder, "w"), "--json"]);
    const alice = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
    expect(JSON.parse(listed.stdout).keys.map((key: { address: string }) => key.address)).toEqual([
      alice,
      alice,
    ]);
    expect(await runCli(create)).toMatchObject({
      exitCode: 5,
      stdout: expect.stringContaining("WALLET_EXISTS"),
    });
  });

  it("prints the mnemonics of a new wallet only where they were asked for", async () => {
    const create = ["wallet", "create", "--no-encrypt", "--wallet-path", join(folder, "m"), "--json"];
    const { keys } = JSON.parse((await runCli([...create, "--print-mnemonic"])).stdout);
    expect(keys.map(({ mnemonic }: { mnemonic: string }) => mnemonic.split(" ").length)).toEqual([12, 12]);
    const silent = await runCli([...create, "--hotkey", "second"]);
    expect(JSON.parse(silent.stdout).keys).toHaveLength(1);
    expect(silent.stdout + silent.stderr).not.toContain('mnemonic"');
  });

  it("doctor says what is missing and exits with 8", async () => {
    const { exitCode, stdout } = await runCli([
      "doctor",
      "--json",
      "--queue",
      "redis://127.0.0.1:1",
      "--network",
      "ws://127.0.0.1:1",
      "--wallet-path",
      folder,
    ]);
    const { ready, findings } = JSON.parse(stdout);
    expect({ exitCode, ready }).toEqual({ exitCode: 8, ready: false });
    const states = Object.fromEntries(
      findings.map(({ what, state }: { what: string; state: string }) => [what, state]),
    );
    expect(states).toMatchObject({ node: "ok", queue: "missing", chain: "missing", onnxruntime: "ok" });
  });
});
