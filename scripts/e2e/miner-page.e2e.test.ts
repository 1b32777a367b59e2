import { afterAll, beforeAll, expect, test } from "vitest";
import { commandsOf, freePorts, PageRun } from "./page.test-kit.ts";

/* Every command of docs/miner.md, in its order. */

const COMMAND_MS = 60_000;

let page: PageRun;
let metricsPort: string;

beforeAll(async () => {
  const [chain = "", miner = "", metrics = ""] = await freePorts(3);
  metricsPort = metrics;
  const ready = /\nnext: /;
  page = await PageRun.open(
    [
      { words: "chain start", ready },
      { words: "miner serve", ready },
    ],
    (line) => ({
      SUBFORGE_PORT: line.includes(" chain ") ? chain : miner,
      // The file of settings for a real network is made without asking it.
      SUBFORGE_NETWORK: line.includes("--network") ? undefined : `ws://127.0.0.1:${chain}`,
      SUBFORGE_SECONDS: "0.05",
    }),
  );
});
afterAll(() => page.close());

test("every command of docs/miner.md does what the page says, from an empty folder and any model", {
  timeout: 4 * COMMAND_MS,
}, async () => {
  const commands = commandsOf("docs/miner.md");
  expect(commands.length).toBeGreaterThan(10);
  const printed: string[] = [];
  for (const command of commands) printed.push(await page.run(command.replaceAll("9464", metricsPort)));
  const verified = commands.filter((command) => command.includes("--as-validator"));
  expect(printed.filter((text) => text.includes("a signed answer, verified"))).toHaveLength(verified.length);
  expect(printed[2], "the third command is the one that shows it").toContain("a signed answer, verified");
  expect(printed.at(-1)).toContain("times one row at a time");
});
