import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { packageRoot } from "../../shared/process-entry.ts";
import { parseScenario } from "../../simulator/scenario.ts";
import { TEMPLATE_CHECKS, type TemplateFinding } from "../../simulator/template-checks/finding.ts";
import { listModels } from "../../subnets/models.ts";
import { SUBNET_NAMES } from "../../subnets/registry.ts";
import { readSource } from "../checks/sources.ts";
import { runCli } from "../run-cli.test-kit.ts";
import { loadTemplate } from "../template-folder/load-template.ts";
import { checkTask } from "./check-task.ts";
import { copyTemplate } from "./copy-template.ts";
import { createSubnet } from "./create-subnet.ts";
import { newTask } from "./new-task.ts";
import { playTask } from "./run-task.ts";

let folder: string;
let subnet: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "subforge-create-"));
  subnet = join(folder, "my-subnet");
  const { exitCode, stdout } = await runCli([
    "create",
    "my-subnet",
    "-t",
    "hello",
    "--dir",
    folder,
    "--json",
  ]);
  expect([exitCode, JSON.parse(stdout).created]).toEqual([0, true]);
});
afterAll(() => rm(folder, { recursive: true }));

describe("subforge create", () => {
  it("writes a template, models, a test, a scenario and a page, and nothing else", async () => {
    const found = (await readdir(subnet, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map(({ name }) => name);
    const files = ["package.json", "tsconfig.json", ".gitignore", "README.md", "competition.json"];
    const rest = ["my-subnet.test.mjs", "index.ts", "models.json", "sum.onnx"];
    expect(found.sort()).toEqual([...files, ...rest].sort());
    expect(await listModels(subnet)).toMatchObject([{ name: "sum", quality: 1 }]);
    const scenario = JSON.parse(await readFile(join(subnet, "scenarios", "competition.json"), "utf8"));
    expect(parseScenario(scenario)).toMatchObject({ miners: [{ count: 8 }] });
  });

  it("never writes over anything: not into a folder with things in it, and not over a file", async () => {
    const before = await readFile(join(subnet, "README.md"), "utf8");
    await writeFile(join(folder, "a-file"), "");
    await mkdir(join(folder, "empty"));
    const at = { template: "hello", dir: folder, json: true };
    for (const [name, code] of [
      ["my-subnet", "CREATE_EXISTS"],
      ["a-file", "CREATE_EXISTS"],
      ["Upper", "CREATE_NAME"],
      ["../up", "CREATE_NAME"],
      ["inference", "CREATE_NAME"],
    ] as const) {
      await expect(createSubnet({ ...at, name })).rejects.toMatchObject({ code });
    }
    await createSubnet({ ...at, name: "empty" });
    expect(await readFile(join(subnet, "README.md"), "utf8")).toBe(before);
    expect((await readdir(folder)).filter((name) => name.endsWith(".part"))).toEqual([]);
  });

  it.each(SUBNET_NAMES)(
    "copies %s with every import of shared/ as something that subforge exports",
    async (name) => {
      const { files, packages } = await copyTemplate(name, "other-id");
      const exported = Object.keys(packageJson.exports);
      const source = [...files.values()].join("\n");
      const imported = [...source.matchAll(/"(subforge\/[^"]+)"/g)].map(
        ([, path]) => `.${path!.slice("subforge".length)}`,
      );
      expect(imported.length).toBeGreaterThan(0);
      const known = (path: string) =>
        exported.includes(path) || (path.startsWith("./rules/") && exported.includes("./rules/*"));
      expect(imported.filter((path) => !known(path))).toEqual([]);
      expect(source).not.toContain(`"${name}"`);
      expect(files.get("index.ts")).toContain('"other-id"');
      expect(packages.filter((each) => !(each in packageJson.dependencies))).toEqual([]);
    },
  );

  it("makes a folder whose own test runs, with nothing installed but subforge", async () => {
    await mkdir(join(subnet, "node_modules"));
    await symlink(packageRoot(), join(subnet, "node_modules", "subforge"));
    const { stdout } = await promisify(execFile)("npm", ["test"], { cwd: subnet });
    expect(stdout).toMatch(/# pass 2\n# fail 0/);
  });
});

test("docs/subnet-creator.md names every check of a template", () => {
  const page = readSource("docs/subnet-creator.md") ?? "";
  const rows = Object.entries(TEMPLATE_CHECKS).map(([code, what]) => `| \`${code}\` | ${what} |`);
  expect(rows.filter((row) => !page.includes(row))).toEqual([]);
});

describe("subforge task", () => {
  const check = () =>
    runCli(["task", "check", "--repeats", "5", "--garbage", "96", "--template", subnet, "--json"]);

  it("checks the folder with its models, one finding for each code", async () => {
    const { exitCode, stdout } = await check();
    const { ok, template, findings } = JSON.parse(stdout);
    expect([exitCode, ok, template]).toEqual([0, true, "my-subnet"]);
    expect(findings.map(({ code }: TemplateFinding) => code)).toEqual(Object.keys(TEMPLATE_CHECKS));
  });

  it("plays epochs in memory, and says what each model and a silent miner would get", async () => {
    const { miners } = await playTask(await loadTemplate(subnet), { config: {}, epochs: 2, seed: "1" });
    expect(miners).toMatchObject([
      { name: "sum", score: 1, reason: "ok", share: 1 },
      { name: "silent", score: 0, reason: "timeout", share: 0 },
    ]);
  });

  it("writes a second template that keeps everything as it is, and none over it", async () => {
    const what = { name: "largest", dir: subnet, json: true };
    await newTask(what);
    await expect(newTask(what)).rejects.toMatchObject({ code: "CREATE_EXISTS" });
    const template = join(subnet, "template", "largest.ts");
    expect(await checkTask({ json: true, template, config: {}, repeats: 5, garbage: 96 })).toBe(0);
  });

  it("ends with 9 and the code of what is not kept", async () => {
    const entry = join(subnet, "template", "index.ts");
    const source = await readFile(entry, "utf8");
    await writeFile(entry, source.replace("<= TOLERANCE ? 1 : 0", "<= TOLERANCE ? 1 : 0.5"));
    const { exitCode, stdout } = await check();
    await writeFile(entry, source);
    expect(exitCode).toBe(9);
    const failed = (JSON.parse(stdout).findings as TemplateFinding[]).filter(({ ok }) => !ok);
    expect(failed.map(({ code }) => code)).toContain("SF-T312");
  });
});
