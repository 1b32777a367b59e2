import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { EXIT } from "../../shared/errors.ts";
import { openJournal } from "../../shared/journal/journal.ts";
import { Keypair, keysReady } from "../../shared/keys/keypair.ts";
import { silentLogger } from "../../shared/logger.ts";
import type { ValidatorEvent } from "../../validator/events.ts";
import { runCli } from "../run-cli.test-kit.ts";
import { serveResultsBeside } from "./serve-results.ts";
import { truthFeedsOf } from "./truth-feeds.ts";

const folder = mkdtempSync(join(tmpdir(), "subforge-results-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("subforge validator results", () => {
  it("says that there is no journal where no validator ever ran", async () => {
    const words = ["validator", "results", "--json", "--port", "0", "--data", join(folder, "never")];
    const { exitCode, stdout } = await runCli(words);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "JOURNAL_ABSENT" } });
    expect(exitCode).toBe(EXIT.notReady);
  });

  it("runs beside a validator in a process of its own, and ends with it", async () => {
    await keysReady();
    const { address: hotkey } = Keypair.fromUri("//Bob");
    openJournal({ path: join(folder, "journal.db"), genesis: `0x${"01".repeat(32)}`, hotkey }).close();
    const stop = new AbortController();
    const events: ValidatorEvent[] = [];
    const stopped = serveResultsBeside(
      { data: folder, resultsPort: 0, resultsHost: "127.0.0.1", logLevel: "error" },
      { logger: silentLogger, signal: stop.signal, onEvent: (event) => void events.push(event) },
    );
    await expect.poll(() => events).toMatchObject([{ event: "results.served" }]);
    const { url } = events[0] as Extract<ValidatorEvent, { event: "results.served" }>;
    expect(await (await fetch(`${url}/topics`)).json()).toMatchObject({ hotkey, topics: [] });
    stop.abort();
    await stopped;
    await expect(fetch(`${url}/topics`)).rejects.toThrow();
  });

  it("is not started when nobody asked for it", async () => {
    const beside = { data: folder, resultsPort: undefined, resultsHost: "", logLevel: "error" } as const;
    const deps = { logger: silentLogger, signal: new AbortController().signal, onEvent: () => {} };
    await serveResultsBeside(beside, deps);
  });
});

describe("--truth-feed", () => {
  it("names a place for each feed", () => {
    const given = ["btc=./feed.jsonl", "eth.usd=https://feeds.example/eth?x=1"];
    expect([...truthFeedsOf(given, "validator run")]).toEqual([
      ["btc", "./feed.jsonl"],
      ["eth.usd", "https://feeds.example/eth?x=1"],
    ]);
    expect(truthFeedsOf(undefined, "validator run").size).toBe(0);
  });

  it.each([
    ["no place", ["btc"]],
    ["an empty place", ["btc="]],
    ["no name", ["=x"]],
    ["a name of other letters", ["BTC=x"]],
    ["one name twice", ["btc=a", "btc=b"]],
    ["an address that is not https", ["btc=http://feeds.example/btc"]],
    ["an address with a password", ["btc=https://me:secret@feeds.example/btc"]],
  ])("refuses %s", (_, given) => {
    expect(() => truthFeedsOf(given, "validator run")).toThrow(
      expect.objectContaining({ code: "CLI_USAGE" }),
    );
  });
});
