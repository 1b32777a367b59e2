import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseScenario } from "../../simulator/scenario.ts";
import { SCENARIO_NAMES } from "../../simulator/scenarios.ts";
import { readSource } from "../checks/sources.ts";
import { runCli } from "../run-cli.test-kit.ts";

const page = readSource("docs/simulator.md") ?? "";
const blockOf = (language: string): string =>
  new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? "";

describe("docs/simulator.md", () => {
  const before = process.cwd();
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "subforge-page-"));
    process.chdir(folder);
  });
  afterAll(() => {
    process.chdir(before);
    rmSync(folder, { recursive: true });
  });

  it("has commands that work as they stand", { timeout: 120_000 }, async () => {
    const commands = blockOf("sh").trim().split("\n");
    expect(commands).toHaveLength(3);
    for (const command of commands) {
      const [npx, subforge, ...words] = command.split(" ");
      expect([npx, subforge]).toEqual(["npx", "subforge"]);
      const { exitCode, stderr } = await runCli(words);
      expect(exitCode, `${command}\n${stderr}`).toBe(0);
    }
    expect(existsSync(join(folder, ".subforge", "sim", "attack-hello-1", "index.html"))).toBe(true);
  });

  it("names every scenario, and shows one in a file that is valid", () => {
    for (const name of SCENARIO_NAMES) expect(page).toContain(`| \`${name}\` |`);
    expect(parseScenario(JSON.parse(blockOf("json")))).toMatchObject({ name: "mine", epochs: 40 });
  });
});
