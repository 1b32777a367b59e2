import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silentLogger } from "../../shared/logger.ts";
import { AnswerRefused } from "../../shared/template.ts";
import { createContext } from "../../simulator/template-checks/field.ts";
import { newTask } from "../creator/new-task.ts";
import { openScorer } from "../open-scorer.ts";
import { templateCode } from "../template-code.ts";
import { compileTemplate } from "./compile-template.ts";
import { loadTemplate, loadTemplates, originOf } from "./load-template.ts";
import { isTemplatePath, templateHere } from "./template-path.ts";

let folder: string;

beforeAll(async () => {
  folder = await folderWith("counts");
});
afterAll(() => rm(folder, { recursive: true }));

/** A folder whose only template is the short form that `task new` writes. */
async function folderWith(name: string): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "subforge-template-"));
  await newTask({ name, dir: made, json: true });
  await writeFile(join(made, "template", "index.ts"), `export { default } from "./${name}.ts";\n`);
  return made;
}

async function write(source: string): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "subforge-template-"));
  await mkdir(join(made, "template"));
  await writeFile(join(made, "template", "index.ts"), source);
  return made;
}

/** The error of loading a folder with this source. */
async function refusalOf(source: string): Promise<{ code: string; message: string }> {
  const made = await write(source);
  try {
    return await loadTemplate(made).then(
      () => ({ code: "none", message: "" }),
      (error: { code: string; message: string }) => error,
    );
  } finally {
    await rm(made, { recursive: true });
  }
}

describe("a template from a folder", () => {
  it("is compiled into one file named after its bytes, and plans and asks like any other", async () => {
    const template = await loadTemplate(folder);
    expect(template.id).toBe("counts");
    const { file, code } = originOf(template)!;
    expect(file).toBe(join(folder, ".subforge", "build", `${code}.mjs`));
    expect(templateCode(template)).toBe(code);
    const context = createContext(["5A"], 1, "seed", template.parseConfig({}));
    const [job] = template.planEpoch(context, template.initialState()).jobs;
    const { ask } = template.synapses;
    expect(ask!.createRequest(job!.task, "5A", new Map()).numbers).toHaveLength(16);
    expect(await loadTemplate(folder)).toBe(template); // the same bytes are the same module
  });

  it("has the same code wherever it lies, and another one when a line changes", async () => {
    const other = await folderWith("counts");
    try {
      const { digest } = await compileTemplate(other);
      expect(digest).toBe((await compileTemplate(folder)).digest);
      await writeFile(
        join(other, "template", "index.ts"),
        'export { default } from "./counts.ts";\nexport const x = 1;\n',
      );
      expect((await compileTemplate(other)).digest).not.toBe(digest);
      expect(await readdir(join(other, ".subforge", "build"))).toHaveLength(2);
    } finally {
      await rm(other, { recursive: true });
    }
  });

  it("is found by its id where only the id is known, beside those that ship with subforge", async () => {
    const { file } = originOf(await loadTemplate(folder))!;
    const byId = await loadTemplates([file]);
    expect((await byId("counts")).id).toBe("counts");
    expect((await byId("hello")).id).toBe("hello");
    await expect(byId("elsewhere")).rejects.toMatchObject({ code: "SUBNET_UNKNOWN" });
  });

  it("scores in a process that may read its compiled file", async () => {
    const template = await loadTemplate(folder);
    const scorer = await openScorer(template, silentLogger);
    const context = createContext(["5A"], 1, "seed", template.parseConfig({}));
    const shares = await scorer.weights(context, { averages: { "5A": 0.5 } });
    await scorer.close();
    expect(shares).toEqual([{ uid: 1, hotkey: "5A", weight: 1 }]);
  });

  it("refuses with the errors of this package, although it brings a copy of them", async () => {
    const template = await loadTemplate(folder);
    expect(() => template.parseConfig({ speed: 1 })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID" }),
    );
    const source = `import { AnswerRefused } from "subforge/template";
      export default new AnswerRefused("timeout", "late");`;
    const made = await write(source);
    const { file } = await compileTemplate(made);
    const thrown: unknown = ((await import(file)) as { default: unknown }).default;
    await rm(made, { recursive: true });
    expect(thrown).toBeInstanceOf(AnswerRefused);
  });

  it.each([
    [
      "a syntax error, with file and line",
      "const a = 1;\nexport default {;\n",
      "TEMPLATE_SYNTAX",
      /template\/index\.ts:2:17: /,
    ],
    [
      "an import of nothing",
      'import "nothing-of-that-name";',
      "TEMPLATE_SYNTAX",
      /index\.ts:1:8: .*nothing-of-that-name/,
    ],
    [
      "what subforge keeps for itself",
      'import "subforge/cli2";',
      "TEMPLATE_SYNTAX",
      /subforge\/cli2 is nothing that/,
    ],
    ["no default export", "export const a = 1;", "TEMPLATE_INVALID", /no default export/],
    [
      "a missing function",
      'export default { id: "a", version: "1" };',
      "TEMPLATE_INVALID",
      /parseConfig is no function/,
    ],
    [
      "an id that no route can carry",
      'export default { id: "A b" };',
      "TEMPLATE_INVALID",
      /id must be of \[a-z0-9-\]/,
    ],
    ["code that throws", 'throw new Error("not today");', "TEMPLATE_INVALID", /not today/],
    [
      "the id of a shipped one",
      'export { default } from "subforge/testing-none";',
      "TEMPLATE_SYNTAX",
      /testing-none/,
    ],
  ])("says what is wrong with %s", async (_, source, code, message) => {
    const error = await refusalOf(source);
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
  });

  it("is a path where a name is meant, only when it looks like one or is there", async () => {
    expect(["./a", "../a", "/a", ".", folder].map(isTemplatePath)).toEqual([true, true, true, true, true]);
    expect(["hello", "a/b"].map(isTemplatePath)).toEqual([false, false]);
    expect(templateHere("inference")).toBe("inference");
    await expect(loadTemplate("./nowhere")).rejects.toMatchObject({ code: "TEMPLATE_NOT_FOUND" });
    await expect(loadTemplate("nowhere")).rejects.toMatchObject({ code: "SUBNET_UNKNOWN" });
  });
});
