import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isSubforgeError } from "../shared/errors.ts";
import { readSettings, type SettingsFile } from "./settings-file.ts";

const file: SettingsFile = {
  defaultPath: "/nowhere/subforge.miner.json",
  options: {
    netuid: { type: "number" },
    model: { type: "string", array: true },
    device: { choices: ["cpu", "cuda"] },
    "max-batch-rows": { type: "number" },
    "require-permit": { type: "boolean" },
    knobs: { type: "string" },
  },
  flag: "config",
  paths: ["model"],
  json: ["knobs"],
};

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "subforge-settings-"));
  path = join(folder, "miner.json");
});
afterAll(() => rm(folder, { recursive: true }));

/** The problems that a text has, or the settings in it. */
async function read(text: string): Promise<unknown> {
  await writeFile(path, text);
  try {
    return readSettings(path, file);
  } catch (error) {
    if (!isSubforgeError(error, "CONFIG_INVALID")) throw error;
    return error.details.problems;
  }
}

describe("a file of settings", () => {
  test("holds flags under their names, with paths from its own folder", async () => {
    const settings = { netuid: 2, model: ["./a.onnx", "b=sub/b.onnx"], device: "cpu", requirePermit: false };
    expect(await read(JSON.stringify(settings))).toEqual({
      ...settings,
      model: [join(folder, "a.onnx"), `b=${join(folder, "sub/b.onnx")}`],
    });
  });

  test("holds what a flag takes as JSON text as it is, or as that text", async () => {
    expect(await read('{"knobs": {"preset": "tiny"}}')).toEqual({ knobs: '{"preset":"tiny"}' });
    expect(await read('{"knobs": "{}"}')).toEqual({ knobs: "{}" });
    expect(await read('{"knobs": 3}')).toEqual(["knobs must be a text"]);
  });

  test("is refused with all that is wrong with it, and the name that was probably meant", async () => {
    const wrong = { netuuid: 2, maxBatchRows: "many", device: "tpu", requirePermit: 1, model: [] };
    expect(await read(JSON.stringify(wrong))).toEqual([
      "netuuid is unknown; did you mean netuid?",
      "maxBatchRows must be a number",
      "device must be one of cpu, cuda",
      "requirePermit must be true or false",
      "model must be a text or a list of texts",
    ]);
    expect(await read('{"max-batch-rows": 3}')).toEqual([
      "max-batch-rows is unknown; did you mean maxBatchRows?",
    ]);
  });

  test.for([
    ["", "no JSON"],
    ["[]", "a list"],
    ["null", "nothing"],
    [`{"netuid": 1${" ".repeat(70_000)}}`, "too large"],
  ])("is refused when it is %#", async ([text]) => {
    expect(await read(text!)).toEqual([expect.any(String)]);
  });

  test("never sets what is no flag, whatever the JSON", async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), async (text) => {
        const settings = await read(text);
        if (Array.isArray(settings)) return;
        const names = ["netuid", "model", "device", "maxBatchRows", "requirePermit"];
        expect(Object.keys(settings as object).filter((name) => !names.includes(name))).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  test("may be missing, unless it was named", () => {
    expect(readSettings(undefined, file)).toEqual({});
    expect(() => readSettings("/nowhere/else.json", file)).toThrow("there is no such file");
  });
});
