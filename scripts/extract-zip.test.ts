import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { isSubforgeError } from "../shared/errors.ts";
import { extractZip } from "./extract-zip.ts";
import { type Item, zip } from "./zip.test-kit.ts";

const LIMITS = { entries: 20, bytes: 64 * 2 ** 20, ratio: 40 };
const WANTED = new Map([["lib/good.so", "good.so"]]);
const good = { name: "lib/good.so", data: Buffer.from("good") };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "subforge-zip-"));
  onTestFinished(() => rm(folder, { recursive: true }));
});

async function extract(bytes: Uint8Array, files: ReadonlyMap<string, string> = WANTED) {
  await writeFile(join(folder, "archive.zip"), bytes);
  await extractZip(join(folder, "archive.zip"), join(folder, "out"), files, LIMITS);
}

const unpacked = () => readdir(join(folder, "out")).catch(() => []);

describe("T22: taking files out of a zip archive", () => {
  test("takes those that were named, and no others", async () => {
    const packed = { name: "deep/er/b.txt", data: Buffer.from("b".repeat(10_000)), deflate: true };
    const files = new Map([...WANTED, ["deep/er/b.txt", "b.txt"]]);
    await extract(zip([good, packed, { name: "lib/other.so", data: Buffer.from("other") }]), files);
    expect((await unpacked()).sort()).toEqual(["b.txt", "good.so"]);
    expect(await readFile(join(folder, "out", "good.so"), "utf8")).toBe("good");
    expect(await readFile(join(folder, "out", "b.txt"), "utf8")).toBe("b".repeat(10_000));
  });

  const UNIX_LINK = 0o120777;
  const UNIX_DEVICE = 0o020666;
  const UNIX_PIPE = 0o010666;
  test.each([
    ["a name that climbs", [good, { name: "../evil", data: Buffer.from("x") }]],
    ["a name that climbs later", [good, { name: "lib/../../evil", data: Buffer.from("x") }]],
    ["an absolute name", [good, { name: "/etc/evil", data: Buffer.from("x") }]],
    ["a drive", [good, { name: "C:/evil", data: Buffer.from("x") }]],
    ["a backslash", [good, { name: "lib\\..\\evil", data: Buffer.from("x") }]],
    ["a name with nothing in it", [good, { name: "lib//evil", data: Buffer.from("x") }]],
    ["a name with a zero", [good, { name: "lib/evil\0.txt", data: Buffer.from("x") }]],
    ["a name with a line break", [good, { name: "lib/evil\n", data: Buffer.from("x") }]],
    ["a name without an end", [good, { name: "x".repeat(2_000), data: Buffer.from("x") }]],
    ["a link", [good, { name: "lib/evil", data: Buffer.from("/etc/passwd"), mode: UNIX_LINK }]],
    ["a link where the file should be", [{ ...good, data: Buffer.from("/etc/passwd"), mode: UNIX_LINK }]],
    ["a device", [good, { name: "lib/evil", data: Buffer.from(""), mode: UNIX_DEVICE }]],
    ["a pipe", [good, { name: "lib/evil", data: Buffer.from(""), mode: UNIX_PIPE }]],
    [
      "a link that says it is a folder",
      [good, { name: "lib/evil/", data: Buffer.from(""), mode: UNIX_LINK }],
    ],
    ["an encrypted entry", [good, { name: "lib/evil", data: Buffer.from("x"), flags: 1 }]],
    ["an unknown way of packing", [good, { name: "lib/evil", data: Buffer.from("x"), method: 99 }]],
    ["the same name twice", [good, good]],
    ["names that differ only by case", [good, { ...good, name: "LIB/GOOD.SO" }]],
    [
      "names that differ only in how they are composed",
      [good, { name: "\u00e9", data: good.data }, { name: "e\u0301", data: good.data }],
    ],
    ["a file inside a file", [good, { name: "lib/good.so/evil", data: Buffer.from("x") }]],
    ["more entries than allowed", Array.from({ length: 21 }, (_, i) => ({ ...good, name: `lib/${i}` }))],
    ["a bomb", [good, { name: "lib/bomb", data: Buffer.alloc(8 * 2 ** 20), deflate: true }]],
    ["more bytes than allowed", [good, { name: "lib/big", data: good.data, declared: 65 * 2 ** 20 }]],
    ["less in it than it says", [{ ...good, declared: 5 }]],
    [
      "more in it than it says",
      [{ ...good, data: Buffer.from("x".repeat(5_000)), deflate: true, declared: 10 }],
    ],
    ["other bytes than its check sum", [{ ...good, sum: 1 }]],
    ["a file less than wanted", [{ name: "lib/other.so", data: Buffer.from("other") }]],
  ])("writes nothing of an archive with %s", async (_what, entries: Item[]) => {
    await expect(extract(zip(entries))).rejects.toMatchObject({ code: "ARCHIVE_REFUSED" });
    expect(await unpacked()).toEqual([]);
    expect((await readdir(folder)).filter((name) => name.includes("evil"))).toEqual([]);
  });

  test("writes nothing of entries that share their bytes", async () => {
    const bytes = Buffer.alloc(100_000, "x");
    const one = { name: "lib/good.so", data: bytes };
    const entries = [one, ...[1, 2, 3].map((i) => ({ name: `lib/${i}`, data: bytes, sharesFirst: true }))];
    await expect(extract(zip(entries))).rejects.toMatchObject({
      details: { problem: "its entries overlap" },
    });
  });

  test("never writes to a file that is there, nor through a link", async () => {
    await mkdir(join(folder, "out"));
    await writeFile(join(folder, "precious"), "mine");
    await symlink(join(folder, "precious"), join(folder, "out", "good.so"));
    await expect(extract(zip([good]))).rejects.toMatchObject({ code: "ARCHIVE_REFUSED" });
    expect(await readFile(join(folder, "precious"), "utf8")).toBe("mine");
    await rm(join(folder, "out", "good.so"));
    await writeFile(join(folder, "out", "good.so"), "mine too");
    await expect(extract(zip([good]))).rejects.toMatchObject({ code: "ARCHIVE_REFUSED" });
    expect(await readFile(join(folder, "out", "good.so"), "utf8")).toBe("mine too");
  });

  test("removes what it wrote when a later file turns out to be damaged", async () => {
    const damaged = { name: "lib/second.so", data: Buffer.from("second"), sum: 7 };
    const files = new Map([...WANTED, ["lib/second.so", "second.so"]]);
    await expect(extract(zip([good, damaged]), files)).rejects.toMatchObject({ code: "ARCHIVE_REFUSED" });
    expect(await unpacked()).toEqual([]);
  });

  test("refuses by code whatever is no archive or a damaged one, and writes nothing but the right bytes", async () => {
    const whole = zip([good, { name: "lib/b", data: Buffer.from("b".repeat(500)), deflate: true }]);
    const change = fc.record({
      at: fc.nat(whole.length - 1),
      value: fc.nat(255),
      length: fc.nat(whole.length),
    });
    await fc.assert(
      fc.asyncProperty(change, fc.boolean(), async ({ at, value, length }, cut) => {
        const bytes = Buffer.from(cut ? whole.subarray(0, length) : whole);
        if (!cut) bytes[at] = value;
        await rm(join(folder, "out"), { recursive: true, force: true });
        const thrown = await extract(bytes).catch((error: unknown) => error);
        if (thrown === undefined) expect(await readFile(join(folder, "out", "good.so"), "utf8")).toBe("good");
        else {
          expect(isSubforgeError(thrown, "ARCHIVE_REFUSED"), String(thrown)).toBe(true);
          expect(await unpacked()).toEqual([]);
        }
      }),
      { numRuns: 60 },
    );
    await expect(extract(Buffer.from("no archive"))).rejects.toMatchObject({ code: "ARCHIVE_REFUSED" });
  });
});
