import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { EXIT } from "../../shared/errors.ts";
import { Keypair, keysReady } from "../../shared/keys/keypair.ts";
import { verifyFeedPoint } from "../../shared/rules/feed-point.ts";
import { findPoint } from "../../validator/truth/feed-lines.ts";
import { runCli } from "../run-cli.test-kit.ts";

const folder = mkdtempSync(join(tmpdir(), "subforge-feed-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("subforge task feed writes a point that a validator reads and a template believes, and no earlier one behind it", async () => {
  await keysReady();
  const file = join(folder, "feed.jsonl");
  const words = (value: string, time: string) => [
    ...["task", "feed", "btc", value, "--time", time],
    ...["--file", file, "--dev-key", "//Feed", "--json"],
  ];
  expect((await runCli(words("-1.5", "100"))).exitCode).toBe(EXIT.ok);
  const text = readFileSync(file, "utf8");
  const point = findPoint(text, 100);
  expect(point).toMatchObject({ value: -1.5, time: 100 });
  expect(verifyFeedPoint("btc", point, Keypair.fromUri("//Feed").address)).toBe(true);
  const late = await runCli(words("3", "100"));
  expect(late.exitCode).toBe(EXIT.config);
  expect(readFileSync(file, "utf8")).toBe(text);
});
