import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commandsOf, freePorts, PageRun } from "./page.test-kit.ts";

/* Every command of docs/subnet-creator.md, in its order: the first four lead from nothing to weights on a chain. */

const COMMAND_MS = 90_000;

let page: PageRun;

beforeAll(async () => {
  const [chain = ""] = await freePorts(1);
  page = await PageRun.open([{ words: "chain start", ready: /\nnext: / }], (line) => ({
    SUBFORGE_PORT: line.includes(" dev ") ? "0" : chain,
    SUBFORGE_NETWORK: `ws://127.0.0.1:${chain}`,
    // Enough of each to see that it works; `simulator/template-checks` has the whole numbers.
    ...(line.includes("task check") && { SUBFORGE_REPEATS: "20", SUBFORGE_GARBAGE: "400" }),
    ...(line.includes(" dev ") && {
      ...{ SUBFORGE_BLOCK_TIME: "200", SUBFORGE_TEMPO: "55", SUBFORGE_WORKERS: "1" },
      SUBFORGE_CONFIG: '{"rounds":1}',
    }),
  }));
});
afterAll(() => page.close());

/** What the page says of a command, by words in it. */
const SAYS: Record<string, RegExp> = {
  "npx subforge create": /^created {2}my-subnet {2}\d+ files, a copy of inference/,
  "task check": /✓ questions depend on the secret.*\nready {2}next: subforge dev\n$/s,
  "task run --epochs 2": /shapes-95 .*% {2}ok\n.*silent +0\.00 +0\.000 +0\.00 % +timeout/s,
  "task new": /created {2}\.\/template\/largest\.ts/,
  "-t template/largest.ts": /template largest 1: 2 epochs, 4 jobs/,
  "subnet register": /nothing was sent/i,
};

test("four commands lead from nothing to a weight vector that the chain shows; the rest of docs/subnet-creator.md works too", {
  timeout: 4 * COMMAND_MS,
}, async () => {
  const commands = commandsOf("docs/subnet-creator.md");
  const toWeights = commands.findIndex((line) => line.includes("subforge dev"));
  expect(toWeights).toBeLessThan(4);
  for (const command of commands) {
    const printed = await page.run(command);
    if (command.startsWith("cd ")) {
      await keepModels(page.at, 3);
      continue;
    }
    const says = Object.entries(SAYS).find(([words]) => command.includes(words))?.[1] ?? /./;
    expect(printed, command).toMatch(says);
    if (!command.includes("subforge dev")) continue;
    const { subnet, epochs } = JSON.parse(printed);
    expect([subnet, epochs.length]).toEqual(["my-subnet", 1]);
    const [{ sent, readBack }] = epochs;
    expect(readBack).toEqual(sent);
    expect(sent.uids.length).toBeGreaterThan(0);
  }
});

/** Fewer miners: each is a process of its own. */
async function keepModels(folder: string, count: number): Promise<void> {
  const path = join(folder, "models", "models.json");
  const cards = JSON.parse(await readFile(path, "utf8")) as unknown[];
  await writeFile(path, JSON.stringify(cards.slice(0, count)));
}
