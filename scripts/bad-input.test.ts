import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ERRORS, type ErrorCode, EXIT } from "../shared/errors.ts";
import { createKeyfile, hotkeyPath } from "../shared/keys/keyfile-store.ts";
import { packageRoot } from "../shared/process-entry.ts";
import { runCli } from "./run-cli.test-kit.ts";

/** A public key, encrypted as btcli does; nobody here types the right password. */
const LOCKED = [
  "JE5BQ0yRbeDxceCNtWHXFckYHmTjxT3imH3+l1V5FcoJaBOA/ZKLvPLNGHEPTbJTmDXUFeoNPOhrIhk0IGyBv79YpgsLkhii",
  "UT6UX80eD+FHvSl09cfMSSf64YlTBJtCw3i6lh8+8ayL7PRbjcKdF/cP2KfBeyVwdqJS945NpH6EhX7q4rhzTV4NUsPXFxYw",
  "N6XwKLkIsWMXyH0RcaSrP9FmIBnBJ8N9t8ryqJw4J2cvn5I+a+FzWpJpERy+Eqj8xujNECvSYp7NQJ8x3JfQkWHOzs8bol37",
  "cHKs3PETRxTPrtzydkK9e1IGANbUT72L8yzWmx1LfF3QzqYuJ8JV6/LwL5lQp2IC6pNaIYjvVz+m",
].join("");

/** A key derivation on a busy machine. */
const SLOW_MS = 60_000;

/**
 * What an operator may get wrong, whatever the command (`commands/*.test.ts` has what only one command can refuse):
 * the words after `subforge`, the code, and what the message must name.
 */
type Mistake = { title: string; words: string[]; code: ErrorCode; says: string };

let folder: string;
let taken: Server;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "subforge-cli-"));
  taken = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await once(taken, "listening");
});
afterAll(async () => {
  taken.close();
  await rm(folder, { recursive: true });
});

/** Words of the table with what is known only when the tests run. */
function fillIn(words: readonly string[]): string[] {
  const port = String((taken.address() as AddressInfo).port);
  return words.map((word) => word.replace("FOLDER", folder).replace("TAKEN", port));
}

const helloModel = join(packageRoot(), "subnets", "hello", "models", "sum.onnx");
const serveHello = ["miner", "serve", "--netuid", "2", "--template", "hello", "--model", helloModel];

const mistakes: Mistake[] = [
  { title: "an unknown command", words: ["valdiator"], code: "CLI_USAGE", says: "unknown command" },
  { title: "a slip in a command", words: ["walet", "list"], code: "CLI_USAGE", says: "did you mean wallet?" },
  {
    title: "a slip in a second word",
    words: ["wallet", "lst"],
    code: "CLI_USAGE",
    says: "did you mean list?",
  },
  { title: "half a command", words: ["wallet"], code: "CLI_USAGE", says: "wallet needs a command" },
  {
    title: "a slip in a flag",
    words: ["wallet", "list", "--walet-path", "/x"],
    code: "CLI_USAGE",
    says: "unknown flag --walet-path; did you mean --wallet-path?",
  },
  { title: "an unknown flag before the command", words: ["--frob"], code: "CLI_USAGE", says: "--frob" },
  {
    title: "a file of settings that is absent",
    words: ["miner", "why", "--config", "FOLDER/absent.json"],
    code: "CONFIG_INVALID",
    says: "there is no such file",
  },
  {
    title: "a flag without its value",
    words: ["wallet", "list", "--wallet-path"],
    code: "CLI_USAGE",
    says: "--wallet-path needs a value",
  },
  {
    title: "a flag with an empty value",
    words: ["wallet", "list", "--wallet-path="],
    code: "CLI_USAGE",
    says: "--wallet-path needs a value",
  },
  {
    title: "a flag given twice",
    words: ["doctor", "--axon-port", "1", "--axon-port", "2"],
    code: "CLI_USAGE",
    says: "more than once",
  },
  {
    title: "a word where a number belongs",
    words: ["doctor", "--axon-port", "many"],
    code: "CLI_USAGE",
    says: "--axon-port needs a number",
  },
  {
    title: "a value that is no choice",
    words: ["doctor", "--log-level", "loud"],
    code: "CLI_USAGE",
    says: "--log-level cannot be",
  },
  {
    title: "an argument too many",
    words: ["doctor", "now"],
    code: "CLI_USAGE",
    says: "no further argument: now",
  },
  { title: "an argument too few", words: ["explain"], code: "CLI_USAGE", says: "argument is missing" },
  {
    title: "an unknown network",
    words: ["doctor", "--network", "finny"],
    code: "CLI_USAGE",
    says: "did you mean finney?",
  },
  {
    title: "an unknown error code",
    words: ["explain", "CHAIN_TIMOUT"],
    code: "CLI_USAGE",
    says: "did you mean CHAIN_TIMEOUT?",
  },
  {
    title: "a wallet name that leads elsewhere",
    words: ["wallet", "create", "--wallet", "../../etc"],
    code: "WALLET_BAD_NAME",
    says: "../../etc",
  },
  {
    title: "a password nobody can give",
    words: ["wallet", "create", "--wallet-path", "FOLDER"],
    code: "WALLET_PASSWORD_NEEDED",
    says: "no terminal",
  },
  {
    title: "a password file that is absent",
    words: ["wallet", "create", "--wallet-path", "FOLDER", "--password-file", "FOLDER/none"],
    code: "CONFIG_INVALID",
    says: "cannot be read",
  },
  {
    title: "a development key that is none",
    words: ["wallet", "create", "--wallet-path", "FOLDER", "--dev-key", "Alice"],
    code: "WALLET_BAD_SECRET",
    says: "mnemonic",
  },
  {
    title: "a Redis nobody runs",
    words: ["validator", "worker", "--dev-key", "//Bob", "--queue", "redis://127.0.0.1:1"],
    code: "QUEUE_UNREACHABLE",
    says: "127.0.0.1:1",
  },
  {
    title: "a Redis reached unprotected over a network",
    words: ["validator", "worker", "--dev-key", "//Bob", "--queue", "redis://:secret@192.0.2.1:6379"],
    code: "QUEUE_ADDRESS",
    says: "Redis",
  },
  {
    title: "a folder in which no validator ever ran",
    words: ["validator", "weights", "status", "--data", "FOLDER/never"],
    code: "JOURNAL_ABSENT",
    says: "there is no journal",
  },
  {
    title: "a port in use",
    words: ["chain", "start", "--port", "TAKEN"],
    code: "PORT_IN_USE",
    says: "127.0.0.1",
  },
];

describe("a mistake on the command line", () => {
  it.each(mistakes)(
    "$title: $code, its exit code, the next step",
    { timeout: SLOW_MS },
    async ({ words, code, says }) => {
      const given = fillIn(words);
      const [forPeople, forPrograms] = await Promise.all([runCli(given), runCli([...given, "--json"])]);
      expect(forPeople.exitCode).toBe(EXIT[ERRORS[code].exit]);
      expect(forPeople.stdout).toBe("");
      const [fact, hint, more] = forPeople.stderr.trimEnd().split("\n");
      expect(fact).toContain(`${code}  `);
      expect(fact).toContain(says);
      expect(hint?.trim()).not.toBe("");
      expect(more).toContain(`more: subforge explain ${code}`);

      expect(forPrograms.exitCode).toBe(forPeople.exitCode);
      expect(forPrograms.stderr).toBe("");
      expect(JSON.parse(forPrograms.stdout)).toEqual({
        error: { code, message: expect.stringContaining(says), hint: hint?.trim() },
      });
    },
  );

  it("a wrong password: WALLET_WRONG_PASSWORD, its exit code, the next step", {
    timeout: SLOW_MS,
  }, async () => {
    const wallets = join(folder, "locked");
    await createKeyfile(hotkeyPath(wallets, "default", "default"), Buffer.from(LOCKED, "base64"));
    await writeFile(join(folder, "wrong"), "battery staple");
    const flags = ["--wallet-path", wallets, "--password-file", join(folder, "wrong"), "--json"];
    const { exitCode, stdout } = await runCli([...serveHello, ...flags]);
    expect(exitCode).toBe(EXIT.wallet);
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: "WALLET_WRONG_PASSWORD",
        message: expect.stringContaining(wallets),
        hint: expect.stringMatching(/./),
      },
    });
  });
});
