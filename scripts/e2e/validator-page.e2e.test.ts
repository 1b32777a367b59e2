import { afterAll, beforeAll, expect, test } from "vitest";
import { commandsOf, freePorts, PageRun } from "./page.test-kit.ts";

/* Every command of docs/validator.md, in its order, on one chain with short epochs, beside one validator. */

const COMMAND_MS = 60_000;

let page: PageRun;

beforeAll(async () => {
  const [chain = "", miner = ""] = await freePorts(2);
  const ready = /\nnext: /;
  page = await PageRun.open(
    [
      { words: "chain start", ready },
      { words: "miner serve", ready },
      { words: "validator run", ready: /read back/ },
    ],
    (line) => ({
      SUBFORGE_PORT: line.includes(" chain ") ? chain : miner,
      SUBFORGE_NETWORK: `ws://127.0.0.1:${chain}`,
      // Few blocks and enough time in an epoch: every process looks at every block.
      ...(line.includes(" chain ") && { SUBFORGE_BLOCK_TIME: "160ms", SUBFORGE_TEMPO: "36" }),
      // One worker, and no look for another machine: `doppelganger` tests have that.
      ...(line.includes("validator run") && { SUBFORGE_WORKERS: "1", SUBFORGE_DOPPELGANGER_EPOCHS: "0" }),
    }),
  );
});
afterAll(() => page.close());

/** What the page says in words. An epoch that ends while the program looks is refused, and the next one taken. */
async function setByHand(attempts = 4): Promise<string> {
  const printed = await page.run("npx subforge validator weights set --yes", [0, 8]);
  return printed.includes("set in block") || attempts === 1 ? printed : setByHand(attempts - 1);
}

/** What the page says of a command, by its first words. */
const SAYS: Record<string, RegExp> = {
  "validator run": /read back/,
  "validator init": /wrote {4}subforge\.validator\.json\nnext: subforge validator check/,
  "validator check": /\nready\n/,
  "validator weights status": /last +epoch \d+ {2}/,
  "validator weights receipts": /\d+ +verified +plain/,
  "validator weights plan": /5GCEXeNM65yKYQwkebS2JccsbB17UdWo9vxsDR89G7sF4Qoc +100\.00 % +65535/,
  "validator weights diff": /the chain shows what the journal set in epoch \d+ ✓/,
};

test("every command of docs/validator.md does what the page says, from an empty folder to a validator that moved", {
  timeout: 4 * COMMAND_MS,
}, async () => {
  const commands = commandsOf("docs/validator.md");
  const unsaid = Object.keys(SAYS).filter((words) => !commands.some((line) => line.includes(words)));
  expect(unsaid).toEqual([]);
  for (const command of commands) {
    // Status and receipts are read beside the running validator; what follows needs only what it left.
    if (command.includes("weights plan")) {
      await page.stop("validator run");
      await page.stop("miner serve");
      expect(await setByHand()).toMatch(/set in block \d+: read back ✓/);
    }
    const printed = await page.run(command);
    const says = Object.entries(SAYS).find(([words]) => command.includes(words))?.[1] ?? /./;
    expect(printed, command).toMatch(says);
  }
});
