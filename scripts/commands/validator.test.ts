import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT } from "../../shared/errors.ts";
import { runCli } from "../run-cli.test-kit.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "subforge-validator-cli-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("subforge validator", () => {
  it("writes its settings once, for several subnets too, and says what to do next", async () => {
    const path = join(folder, "init.json");
    const flags = [
      "--settings",
      path,
      "--template",
      "hello",
      "--data",
      join(folder, "data"),
      "--dev-key",
      "//Bob",
    ];
    const words = ["validator", "init", "--subnet", "2", "--subnet", "7/1:inference", ...flags];
    const { exitCode, stdout, stderr } = await runCli(words);
    expect(stderr).toBe("");
    expect(exitCode).toBe(EXIT.ok);
    expect(stdout).toContain("subnet   7, mechanism 1: inference\n");
    expect(stdout).toContain(`next: subforge validator check --settings ${path}\n`);
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual({
      ...{
        network: "local",
        subnet: ["2", "7/1:inference"],
        template: "hello",
        devKey: "//Bob",
        data: "./data",
      },
    });
    const again = await runCli([...words, "--json"]);
    expect(again.exitCode).toBe(EXIT.config);
    expect(JSON.parse(again.stdout)).toMatchObject({ error: { code: "CONFIG_EXISTS" } });
  });

  it.each([
    ["without a terminal, the flag that would have answered", ["init"], "CLI_USAGE", "--netuid is missing"],
    [
      "a password that would end up in a file",
      ["init", "--netuid", "2", "--queue", "redis://:hunter2@127.0.0.1"],
      "CLI_USAGE",
      "REDIS_URL",
    ],
    [
      "a folder in which no validator ever ran, before a key is used",
      ["weights", "set", "--dev-key", "//Bob", "--network", "ws://127.0.0.1:1"],
      "JOURNAL_ABSENT",
      "there is no journal",
    ],
  ])("names %s", async (_, words, code, says) => {
    const { exitCode, stdout } = await runCli(["validator", ...words, "--json"], {
      environment: { SUBFORGE_SETTINGS: await emptySettings(), SUBFORGE_DATA: join(folder, "never") },
    });
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
    expect(error.code).toBe(code);
    expect(error.message).toContain(says);
    expect(error.message).not.toContain("hunter2");
    expect(exitCode).not.toBe(EXIT.ok);
  });

  it("names every key of its file that it does not know", async () => {
    const path = join(folder, "wrong.json");
    await writeFile(path, '{"netuuid": 2, "worker": 3, "config": 4}');
    const { exitCode, stderr } = await runCli(["validator", "check", "--settings", path]);
    expect(exitCode).toBe(EXIT.config);
    expect(stderr).toContain(
      "netuuid is unknown; did you mean netuid?; worker is unknown; did you mean workers?",
    );
    expect(stderr).toContain("config must be a text");
  });
});

/** A developer's own file in the current folder must not matter. */
async function emptySettings(): Promise<string> {
  const path = join(folder, "empty.json");
  await writeFile(path, "{}");
  return path;
}
