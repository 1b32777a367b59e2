import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { parseGpuProcesses, parseGpus, queryGpus } from "./nvidia-smi.ts";

const H200 = "0, GPU-1f2e3d4c-5b6a-7988-a7b6-c5d4e3f20110, NVIDIA H200, 580.82.07, 9.0, 143771, 4, 0, 27";
const A2000 =
  "1, GPU-0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9, NVIDIA RTX A2000 12GB, 580.82.07, 8.6, 12282, 1034, 37, 61";
/** A card that says nothing about its load, as virtual ones and old ones do. */
const SILENT =
  "2, GPU-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee, GRID V100D, 580.82.07, 7.0, 32768, 300, [N/A], [Not Supported]";

describe("what nvidia-smi prints", () => {
  test("becomes cards with units", () => {
    expect(parseGpus(`${H200}\n${A2000}\n`)).toEqual([
      {
        index: 0,
        uuid: "GPU-1f2e3d4c-5b6a-7988-a7b6-c5d4e3f20110",
        name: "NVIDIA H200",
        driver: "580.82.07",
        capability: "9.0",
        memoryBytes: 143_771 * 2 ** 20,
        usedBytes: 4 * 2 ** 20,
        utilization: 0,
        celsius: 27,
      },
      expect.objectContaining({ index: 1, name: "NVIDIA RTX A2000 12GB", utilization: 0.37, celsius: 61 }),
    ]);
  });

  test("leaves out what a card does not say", () => {
    expect(parseGpus(SILENT)).toMatchObject([{ utilization: undefined, celsius: undefined }]);
  });

  test.each([
    ["a line with a cell too few", "0, GPU-1f2e3d4c-5b6a-7988-a7b6-c5d4e3f20110, NVIDIA H200"],
    ["a line with a cell too many", `${H200}, 1`],
    ["an index that is no number", H200.replace("0, ", "zero, ")],
    ["another kind of id", H200.replace("GPU-", "BUS-")],
    ["a sentence", "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."],
  ])("is not used at all with %s", (_what, line) => {
    expect(parseGpus(`${A2000}\n${line}`)).toBeUndefined();
  });

  test("names the processes whose memory it tells", () => {
    const uuid = "GPU-1f2e3d4c-5b6a-7988-a7b6-c5d4e3f20110";
    expect(parseGpuProcesses(`4711, ${uuid}, 1158\n4712, ${uuid}, [N/A]\n`)).toEqual([
      { pid: 4711, uuid, usedBytes: 1158 * 2 ** 20 },
    ]);
    expect(parseGpuProcesses("")).toEqual([]);
    expect(parseGpuProcesses("No running processes found")).toBeUndefined();
  });

  test("never makes a parser throw, and no number of a card is out of its range", () => {
    const cell = fc.oneof(fc.string(), fc.constantFrom("0", "[N/A]", "GPU-", "-1", "1e9", "99999999999"));
    fc.assert(
      fc.property(fc.array(fc.array(cell, { maxLength: 10 })), (lines) => {
        const text = lines.map((cells) => cells.join(", ")).join("\n");
        parseGpuProcesses(text);
        for (const gpu of parseGpus(text) ?? []) {
          for (const number of [gpu.index, gpu.memoryBytes, gpu.usedBytes, gpu.utilization]) {
            expect(number === undefined || (Number.isFinite(number) && number >= 0)).toBe(true);
          }
        }
      }),
    );
    const damaged = fc.tuple(fc.nat(H200.length - 1), fc.string({ minLength: 1, maxLength: 1 }));
    fc.assert(
      fc.property(damaged, ([at, character]) => {
        parseGpus(H200.slice(0, at) + character + H200.slice(at + 1));
      }),
    );
  });
});

describe("asking nvidia-smi", () => {
  test("says that there is no driver where there is no such program", async () => {
    const answer = await queryGpus({ PATH: "/nowhere" });
    if (answer.ok) return; // under Windows the guest has its own
    expect(answer.reason).toContain("no NVIDIA driver");
  });

  test.each([
    ["takes its answer", `case "$1" in *compute-apps*) exit 0;; *) echo "${H200}";; esac`, { ok: true }],
    [
      "goes on without the processes",
      `case "$1" in *compute-apps*) exit 9;; *) echo "${H200}";; esac`,
      { ok: true },
    ],
    [
      "hands on why it failed",
      "echo 'NVIDIA-SMI has failed'; exit 9",
      { ok: false, reason: "nvidia-smi: NVIDIA-SMI has failed" },
    ],
    [
      "refuses an unknown form",
      "echo 'hello, world'",
      { ok: false, reason: "nvidia-smi answered in an unknown form" },
    ],
    ["sees that there is no card", "exit 0", { ok: false, reason: "nvidia-smi sees no GPU" }],
  ])("%s", async (_what, script, expected) => {
    const folder = await mkdtemp(join(tmpdir(), "subforge-smi-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, "nvidia-smi"), `#!/bin/sh\n${script}\n`);
    await chmod(join(folder, "nvidia-smi"), 0o755);
    expect(await queryGpus({ PATH: `${folder}:/usr/bin:/bin` })).toMatchObject(expected);
  });
});
