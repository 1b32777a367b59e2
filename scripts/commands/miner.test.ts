import { execFile } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { EXIT } from "../../shared/errors.ts";
import { packageRoot, processEntry } from "../../shared/process-entry.ts";

const run = promisify(execFile);
const sum = join(packageRoot(), "subnets/hello/models/sum.onnx");
let noModel: string;

beforeAll(async () => {
  noModel = join(await mkdtemp(join(tmpdir(), "subforge-cli-")), "model.onnx");
  await writeFile(noModel, "this is no model");
});

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
