import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EXIT } from "../../shared/errors.ts";
import { packageRoot, processEntry } from "../../shared/process-entry.ts";
import { runCli } from "../run-cli.test-kit.ts";

const run = promisify(execFile);
const sum = join(packageRoot(), "subnets/hello/models/sum.onnx");
let folder: string;
let noModel: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "subforge-cli-"));
  noModel = join(folder, "model.onnx");
  await writeFile(noModel, "this is no model");
});
afterAll(() => rm(folder, { recursive: true }));

/** What `subforge miner serve --json` with these flags ends with. */
async function serve(...flags: string[]): Promise<{ exitCode: number; code: string; hint: string }> {
  const words = [processEntry("cli"), "miner", "serve", "--json", "--log-level", "silent", ...flags];
  const { code: exitCode, stdout } = await run(process.execPath, words).then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error: { code: number; stdout: string }) => error,
  );
  return { exitCode, ...JSON.parse(stdout).error };
}

describe.concurrent("subforge miner serve ends with a code, a next step and the documented exit code", () => {
  const served = ["--netuid", "2", "--model", sum, "--template", "hello"];
  test.for([
    ["without a subnet", ["--model", sum], "CLI_USAGE", EXIT.usage],
    ["for an unknown flag", [...served, "--prot", "1"], "CLI_USAGE", EXIT.usage],
    ["for an unknown device", [...served, "--device", "tpu"], "CLI_USAGE", EXIT.usage],
    ["for a port that is none", [...served, "--port", "70000"], "CLI_USAGE", EXIT.usage],
    ["for a convention that is none", [...served, "--protocols", "v11"], "CLI_USAGE", EXIT.usage],
    ["for an address that is none", [...served, "--announce", "example.com:80"], "CLI_USAGE", EXIT.usage],
    [
      "for an unknown template",
      ["--netuid", "2", "--model", sum, "--template", "x"],
      "SUBNET_UNKNOWN",
      undefined,
    ],
    [
      "for a file that does not exist",
      ["--netuid", "2", "--model", "/no.onnx"],
      "MINER_MODEL_MISSING",
      EXIT.config,
    ],
    ["for a folder", ["--netuid", "2", "--model", tmpdir()], "MINER_MODEL_MISSING", EXIT.config],
    ["for an absent wallet", [...served, "--wallet-path", "/nowhere"], "WALLET_NOT_FOUND", EXIT.wallet],
  ] as const)("%s", async ([_when, flags, code, exitCode], { expect }) => {
    const ended = await serve(...flags);
    expect(ended).toMatchObject({ code, hint: expect.stringMatching(/\w/) });
    if (exitCode !== undefined) expect(ended.exitCode).toBe(exitCode);
  });

  test("for a file that is no model", async ({ expect }) => {
    expect(await serve("--netuid", "2", "--model", noModel)).toMatchObject({
      code: "MINER_MODEL_INVALID",
      exitCode: EXIT.config,
    });
  });

  test("for an endpoint that is no chain", async ({ expect }) => {
    const closing = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
    await new Promise((resolve) => closing.once("listening", resolve));
    const network = `ws://127.0.0.1:${(closing.address() as { port: number }).port}`;
    const ended = await serve(...served, "--dev-key", "//Bob", "--network", network);
    closing.close();
    expect(ended).toMatchObject({ code: "CHAIN_UNREACHABLE", exitCode: EXIT.network });
  }, 30_000);
});

test("the help of the command names every flag once", async () => {
  const { stdout } = await run(process.execPath, [processEntry("cli"), "miner", "serve", "--help"]);
  for (const flag of ["--netuid", "--model", "--device", "--announce", "--require-permit"]) {
    expect(stdout).toContain(flag);
  }
});

test("settings are written once, read by the other commands, and not written over unless that is said", async () => {
  const config = join(folder, "miner.json");
  const init = ["miner", "init", "--config", config, "--netuid", "2", "--model", sum, "--dev-key", "//Bob"];
  const first = await runCli([...init, "--json"]);
  expect(JSON.parse(first.stdout)).toMatchObject({
    path: config,
    settings: { netuid: 2, devKey: "//Bob", maxBatchRows: 64 },
    models: [{ name: "default", inputs: [{ name: "x", shape: [null, 4] }] }],
  });
  const written = await readFile(config, "utf8");
  const again = await runCli([...init, "--port", "1234"]);
  expect(again).toMatchObject({ exitCode: EXIT.config, stderr: expect.stringContaining("CONFIG_EXISTS") });
  expect(await readFile(config, "utf8")).toBe(written);
  await writeFile(config, written.replace('"netuid"', '"netuiid"'));
  const refused = await runCli(["miner", "serve", "--config", config]);
  expect(refused.stderr).toContain("netuiid is unknown; did you mean netuid?");
  expect((await runCli([...init, "--port", "1234", "--force"])).exitCode).toBe(EXIT.ok);
  const other = await runCli(["miner", "bench", "--config", config, "--seconds", "0.05", "--json"]);
  expect(JSON.parse(other.stdout)).toMatchObject({ recommended: { maxBatchRows: expect.any(Number) } });
}, 60_000);
