import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { EXIT } from "../../shared/errors.ts";
import { keysReady } from "../../shared/keys/keypair.ts";
import { keyfileFromDevKey } from "../../shared/keys/new-keyfile.ts";
import { packageRoot, processEntry } from "../../shared/process-entry.ts";
import { readSource } from "../checks/sources.ts";
import { runCli } from "../run-cli.test-kit.ts";
import {
  ALICE,
  clearAlice,
  createWalletFixture,
  lockedAlice,
  PASSWORD,
  type WalletFixture,
} from "../wallet-fixture.test-kit.ts";

/** Several processes on a busy machine. */
const SLOW_MS = 60_000;

const model = join(packageRoot(), "subnets/hello/models/sum.onnx");
const serve = ["miner", "serve", "--netuid", "2", "--template", "hello", "--model", model];
const validate = ["validator", "run", "--netuid", "2", "--queue", "redis://127.0.0.1:1"];
const unlock = ["wallet", "unlock-test", "--json"];
const unreachable = ["--network", "ws://127.0.0.1:1"];

let fixture: WalletFixture;

beforeAll(keysReady);
beforeEach(async () => {
  fixture = await createWalletFixture();
});
afterEach(() => rm(fixture.folder, { recursive: true }));

const run: typeof runCli = (words, options) => runCli([...words, "--wallet-path", fixture.wallets], options);

describe("a service with an encrypted hotkey", () => {
  it.each([
    ["miner serve", serve],
    ["validator run", validate],
  ])(
    "W1 %s: no password and no terminal ends with 5 and names each way to give one",
    async (_name, words) => {
      const path = await fixture.put("hotkeys/default", lockedAlice());
      const { exitCode, stderr } = await run(words);
      expect(exitCode).toBe(EXIT.wallet);
      for (const part of ["WALLET_PASSWORD_NEEDED", "--password-file", "--password-fd", "BT_PW_", path]) {
        expect(stderr).toContain(part);
      }
    },
  );

  it("W1 is not started again and again: the unit in docs/keys.md stops at codes that no restart mends", () => {
    const codes = /^RestartPreventExitStatus=(.*)$/m.exec(readSource("docs/keys.md") ?? "")?.[1]?.split(" ");
    expect(codes?.map(Number)).toEqual([EXIT.usage, EXIT.config, EXIT.wallet, EXIT.runtime]);
  });

  it("opens it with a descriptor, or with standard input, and never shows the password", async () => {
    await fixture.put("hotkeys/default", lockedAlice());
    const [opened, piped, wrong] = await Promise.all([
      run([...unlock, "--password-fd", "3"], { fd3: `${PASSWORD}\n` }),
      run([...unlock, "--password-fd", "0"], { stdin: PASSWORD }),
      run([...unlock, "--password-fd", "3"], { fd3: `${PASSWORD}!` }),
    ]);
    expect(JSON.parse(opened.stdout)).toMatchObject({ address: ALICE, passwordFrom: "--password-fd 3" });
    expect(JSON.parse(piped.stdout)).toMatchObject({ address: ALICE, passwordFrom: "--password-fd 0" });
    expect(wrong.exitCode).toBe(EXIT.wallet);
    for (const { stdout, stderr } of [opened, piped, wrong]) expect(stdout + stderr).not.toContain("horse");
  });
});

describe("a hotkey in the clear", () => {
  it("W3 lets a miner come as far as the chain with stdin closed", { timeout: SLOW_MS }, async () => {
    await fixture.put("hotkeys/default", clearAlice());
    const { exitCode, stderr } = await run([...serve, ...unreachable], { stdin: { closed: true } });
    expect(exitCode).toBe(EXIT.network);
    expect(stderr).toContain("CHAIN_UNREACHABLE");
  });
});

describe("a coldkey on the host of a validator", () => {
  it("W8 is warned of and never opened", { timeout: SLOW_MS }, async () => {
    await fixture.put("hotkeys/default", clearAlice());
    const path = await fixture.put("coldkey", lockedAlice()); // opened, it would end with 5: nobody gives a password
    const { exitCode, stderr } = await run([
      ...validate,
      "--data",
      join(fixture.folder, "d"),
      ...unreachable,
    ]);
    expect(exitCode).toBe(EXIT.network);
    expect(stderr).toContain("wallet.coldkey-present");
    expect(stderr).toContain(path);
  });
});

describe("wallet", () => {
  it("imports from standard input, finds the wallet by flags and variables of btcli, and checks its modes", {
    timeout: SLOW_MS,
  }, async () => {
    const phrase = "old leopard transfer rib spatial phone calm indicate online fire caution review";
    const flags = ["--wallet.name=a", "-H", "m1", "--wallet.path", fixture.wallets];
    const imported = await runCli(["wallet", "import", "hotkey", "--json", ...flags], {
      stdin: `${phrase}\n`,
    });
    expect(JSON.parse(imported.stdout)).toMatchObject({
      key: { kind: "hotkey", encrypted: false, path: join(fixture.wallets, "a/hotkeys/m1") },
    });
    expect(imported.stdout + imported.stderr).not.toContain("leopard");
    const environment = { BT_WALLET_PATH: fixture.wallets, BT_WALLET_NAME: "a", BT_WALLET_HOTKEY: "m1" };
    const [unlocked, perms, empty] = await Promise.all([
      runCli(unlock, { environment }),
      runCli(["wallet", "perms"], { environment }),
      run(["wallet", "import", "hotkey"]),
    ]);
    expect(JSON.parse(unlocked.stdout)).toMatchObject({ canSign: true, passwordFrom: null, format: "plain" });
    expect(perms).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^ok/) });
    expect(empty).toMatchObject({ exitCode: EXIT.config, stderr: expect.stringContaining("empty") });
  });

  it("makes mnemonics of as many words as wanted, and ends with 9 where others can read a key", {
    timeout: SLOW_MS,
  }, async () => {
    await fixture.put("hotkeys/open", clearAlice(), 0o644);
    const create = ["wallet", "create", "--n-words", "24", "--no-use-password", "--print-mnemonic", "--json"];
    const [created, perms] = await Promise.all([run([...create, "--wallet", "b"]), run(["wallet", "perms"])]);
    const { keys } = JSON.parse(created.stdout) as { keys: { mnemonic: string }[] };
    expect(keys.map(({ mnemonic }) => mnemonic.split(" ").length)).toEqual([24, 24]);
    expect(perms).toMatchObject({ exitCode: EXIT.check, stdout: expect.stringContaining("chmod 600") });
  });
});

describe("wallet signer", () => {
  it("W7 signs for another process through its socket, and only for its own key", {
    timeout: SLOW_MS,
  }, async () => {
    await fixture.put("hotkeys/default", clearAlice());
    const socket = join(fixture.folder, "signer.sock");
    const signer = [processEntry("cli"), "wallet", "signer", "hotkey", "--yes", "--json"];
    const place = ["--wallet-path", fixture.wallets, "--socket", socket];
    const child = spawn(process.execPath, [...signer, ...place], { stdio: ["ignore", "pipe", "ignore"] });
    try {
      const [line] = await once(child.stdout, "data");
      expect(JSON.parse(String(line))).toMatchObject({ ready: true, address: ALICE });
      expect((await stat(socket)).mode & 0o777).toBe(0o600);

      const here = join(fixture.folder, "here"); // where only public halves are
      for (const uri of ["//Alice", "//Bob"]) {
        const path = join(here, uri.slice(2), "hotkeys/defaultpub.txt");
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        await writeFile(path, keyfileFromDevKey(uri).public, { mode: 0o600 });
      }
      const test = ["wallet", "unlock-test", "--wallet-path", here, "--signer", `unix:${socket}`, "--wallet"];
      const [own, foreign] = await Promise.all([runCli([...test, "Alice"]), runCli([...test, "Bob"])]);
      expect(own).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^signs/) });
      expect(foreign.exitCode).toBe(EXIT.wallet);
      expect(foreign.stderr).toContain("SIGNER_REFUSED");
    } finally {
      child.kill("SIGTERM");
      expect((await once(child, "close"))[0]).toBe(0);
    }
  });

  it("does not start where nobody can be asked, unless told to sign everything", async () => {
    const { exitCode, stderr } = await run(["wallet", "signer", "--socket", join(fixture.folder, "s")]);
    expect(exitCode).toBe(EXIT.usage);
    expect(stderr).toContain("--yes");
  });
});

describe("a signed text", () => {
  it(
    "is verified from the command line, and a changed one is not",
    async () => {
      const signed = await run(["wallet", "sign", "I hold this key", "--dev-key", "//Alice", "--json"]);
      const { address, signature } = JSON.parse(signed.stdout) as { address: string; signature: string };
      expect(address).toBe(ALICE);
      const verify = (text: string) =>
        runCli(["wallet", "verify", text, "--signature", signature, "--ss58", address, "--json"]);
      expect(JSON.parse((await verify("I hold this key")).stdout)).toMatchObject({ valid: true });
      const refused = await verify("I hold that key");
      expect(refused.exitCode).toBe(EXIT.check);
      expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: "WALLET_SIGNATURE_MISMATCH" } });
    },
    SLOW_MS,
  );
});
