import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ERRORS, type ErrorCode, EXIT } from "../shared/errors.ts";
import { runCli } from "./run-cli.test-kit.ts";

/** What an operator may get wrong: the words after `subforge`, the code, and what the message must name. */
type Mistake = { title: string; words: string[]; code: ErrorCode; says: string };

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "subforge-cli-"));
});
afterAll(() => rm(folder, { recursive: true }));

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
];

describe("a mistake on the command line", () => {
  it.each(mistakes)("$title: $code, its exit code, the next step", async ({ words, code, says }) => {
    const given = words.map((word) => word.replace("FOLDER", folder));
    const forPeople = await runCli(given);
    expect(forPeople.exitCode).toBe(EXIT[ERRORS[code].exit]);
    expect(forPeople.stdout).toBe("");
    const [fact, hint, more] = forPeople.stderr.trimEnd().split("\n");
    expect(fact).toContain(`${code}  `);
    expect(fact).toContain(says);
    expect(hint?.trim()).not.toBe("");
    expect(more).toContain(`more: subforge explain ${code}`);

    const forPrograms = await runCli([...given, "--json"]);
    expect(forPrograms.exitCode).toBe(forPeople.exitCode);
    expect(forPrograms.stderr).toBe("");
    expect(JSON.parse(forPrograms.stdout)).toEqual({
      error: { code, message: expect.stringContaining(says), hint: hint?.trim() },
    });
  });
});
