import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { request } from "undici";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalNode, startLocalNode } from "../../localnet/node/local-node.ts";
import type { Chain } from "../../shared/chain/chain.ts";
import { openSubstrateChain } from "../../shared/chain/substrate-chain.ts";
import { EXIT } from "../../shared/errors.ts";
import { Keypair, keysReady } from "../../shared/keys/keypair.ts";
import { keyfileFromMnemonic, newMnemonic } from "../../shared/keys/new-keyfile.ts";
import { encryptVault } from "../../shared/keys/vault.test-kit.ts";
import { silentLogger } from "../../shared/logger.ts";
import { packageRoot, processEntry } from "../../shared/process-entry.ts";
import { tensor } from "../../shared/tensor.ts";
import { signRequest } from "../../shared/wire/btauth.ts";
import { decodeMessage, encodeMessage, MESSAGE_CONTENT_TYPE } from "../../shared/wire/message.ts";
import { unixNs } from "../../shared/wire/nonce.ts";
import { verifyReply } from "../../shared/wire/reply.ts";
import { createDevSubnet, DEV_KEYS, devBalances, minerKeys } from "../dev/dev-subnet.ts";
import { createWalletFixture, PASSWORD, type WalletFixture } from "../wallet-fixture.test-kit.ts";

const MINER = "//Miner//1//hotkey";
const model = join(packageRoot(), "subnets/hello/models/sum.onnx");

let node: LocalNode;
let chain: Chain;
let netuid: number;
/** A hotkey that nobody knows, and what opens it. */
let secret: { phrase: string; keyfile: string };
let fixture: WalletFixture;
const processes: ChildProcess[] = [];

beforeAll(async () => {
  await keysReady();
  fixture = await createWalletFixture();
  const mnemonic = newMnemonic();
  const phrase = mnemonic.revealText();
  secret = { phrase, keyfile: keyfileFromMnemonic(mnemonic).secret.revealText() };
  const miners = [minerKeys(1), { ...minerKeys(2), hotkey: Keypair.fromUri(phrase) }];
  const mode = { kind: "interval" as const, ms: 500 };
  node = await startLocalNode({
    port: 0,
    mode,
    genesis: { balances: devBalances(miners) },
    logger: silentLogger,
  });
  chain = await openSubstrateChain({ endpoint: node.endpoint }, silentLogger);
  ({ netuid } = await createDevSubnet(chain, { tempo: 20, commitReveal: false, miners }));
}, 60_000);
afterAll(async () => {
  for (const { pid } of processes) killQuietly(pid);
  await chain?.close();
  await node?.close();
  await rm(fixture.folder, { recursive: true });
});

/** `subforge miner serve` as a process. The document is undefined when it ended without one. */
async function serve(...flags: string[]) {
  const words = [processEntry("cli"), "miner", "serve", "--json", "--template", "hello"];
  const where = ["--network", node.endpoint, "--netuid", String(netuid), "--model", model];
  const port = flags.includes("--port") ? [] : ["--port", "0"];
  const level = flags.includes("--log-level") ? [] : ["--log-level", "silent"];
  const all = [...words, ...where, ...port, ...level, "--no-require-permit", ...flags];
  const cli = spawn(process.execPath, all, { stdio: ["ignore", "pipe", "pipe"] });
  processes.push(cli);
  const said: string[] = [];
  for (const stream of [cli.stdout, cli.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => said.push(text));
  }
  const [line] = await once(createInterface(cli.stdout), "line");
  return { cli, document: JSON.parse(line), said };
}

/** Asks a miner to add up a row, as the validator of the development subnet. */
async function ask(url: string, hotkey: string): Promise<unknown> {
  const x = tensor("float32", [1, 4], Float32Array.of(1, 2, 3, 4));
  const [method, target, body] = ["POST", "/hello/ask", encodeMessage({ x, delayMs: 0 })];
  const signer = Keypair.fromUri(DEV_KEYS.validatorHotkey);
  const headers = signRequest({ signer, receiver: hotkey, method, target, body, nonce: unixNs() });
  const reply = await request(url + target, {
    method,
    headers: { ...headers, "content-type": MESSAGE_CONTENT_TYPE },
    body,
  });
  const bytes = new Uint8Array(await reply.body.arrayBuffer());
  const head = { status: reply.statusCode, contentType: String(reply.headers["content-type"]) };
  expect(
    verifyReply({ ...head, headers: reply.headers, body: bytes }, { headers, method, target, body }, hotkey),
  ).toBe(true);
  return decodeMessage(bytes, head.contentType, { maxBytes: 10_000 });
}

// Several seconds of processor time for each process that talks to a chain: one after the other, and no hurry.
describe("subforge miner serve", { timeout: 60_000 }, () => {
  test("serves a registered hotkey, announces it on chain, and leaves nothing behind when it is told to stop", async () => {
    const { cli, document } = await serve("--dev-key", MINER, "--announce", "203.0.113.7:8091");
    expect(document).toMatchObject({
      ready: true,
      netuid,
      device: "cpu",
      announced: { ip: "203.0.113.7", port: 8091 },
    });
    const { neurons } = await chain.metagraph(netuid);
    expect(neurons[document.uid]).toMatchObject({
      hotkey: document.hotkey,
      axon: { ip: "203.0.113.7", port: 8091 },
    });
    expect(await ask(document.url, document.hotkey)).toEqual({
      y: tensor("float32", [1, 1], Float32Array.of(10)),
    });

    const children = childrenOf(cli.pid!);
    expect(children.length).toBeGreaterThan(0);
    const started = performance.now();
    cli.kill("SIGTERM");
    const [exitCode] = await once(cli, "exit");
    expect(exitCode).toBe(EXIT.ok);
    expect(performance.now() - started).toBeLessThan(10_000);
    await expect.poll(() => children.filter(isAlive)).toEqual([]);
  });

  test("takes its inference processes with it when it is killed; T33: and told nobody what opens its hotkey, nor the key", async () => {
    const { phrase, keyfile } = secret;
    await fixture.put("hotkeys/default", encryptVault(keyfile, PASSWORD));
    const passwordFile = await fixture.note(PASSWORD);
    const { cli, document, said } = await serve(
      ...["--wallet-path", fixture.wallets, "--password-file", passwordFile],
      ...["--log-level", "debug", "--metrics-port", "0"],
    );
    expect(document).toMatchObject({ ready: true, hotkey: Keypair.fromUri(phrase).address });
    const children = childrenOf(cli.pid!);
    expect(children.length).toBeGreaterThan(0);

    await ask(document.url, document.hotkey);
    const { body } = await request(document.metricsUrl);
    await expect.poll(() => said.join("")).toContain("axon.answered");
    const places = { metrics: await body.text(), streams: said.join("") };
    expect(places.metrics).toContain("sf_requests_total");
    const shown = [cli.pid!, ...children].flatMap((pid) => [`/proc/${pid}/environ`, `/proc/${pid}/cmdline`]);
    const all = {
      ...places,
      ...Object.fromEntries(shown.map((path) => [path, readFileSync(path, "latin1")])),
    };
    for (const [place, text] of Object.entries(all)) {
      for (const form of formsOf([PASSWORD, phrase, ...secretsIn(keyfile)])) {
        expect(text.toLowerCase().includes(form), place).toBe(false); // not toContain: it would print the text
      }
    }

    cli.kill("SIGKILL");
    await expect.poll(() => children.filter(isAlive), { timeout: 5_000 }).toEqual([]);
  });

  test.for([
    ["for a hotkey that is not registered", ["--dev-key", "//Nobody"], "MINER_NOT_REGISTERED", EXIT.notReady],
    [
      "where CUDA is absent and asked for",
      ["--dev-key", MINER, "--device", "cuda"],
      "MINER_NO_CUDA",
      EXIT.notReady,
    ],
    [
      "on a port of somebody else (M17)",
      ["--dev-key", MINER, "--port", () => new URL(node.endpoint).port],
      "PORT_IN_USE",
      EXIT.config,
    ],
  ] as const)("refuses to start %s", async ([_when, flags, code, exitCode]) => {
    const { cli, document } = await serve(...flags.map((flag) => (typeof flag === "string" ? flag : flag())));
    expect(document.error).toMatchObject({ code, hint: expect.stringMatching(/\w/) });
    if (cli.exitCode === null) await once(cli, "exit");
    expect(cli.exitCode).toBe(exitCode);
  });
});

/** The secret members of a keyfile. */
function secretsIn(keyfile: string): string[] {
  const { secretSeed, privateKey } = JSON.parse(keyfile);
  expect([secretSeed, privateKey]).toEqual(Array(2).fill(expect.stringMatching(/^0x[0-9a-f]{64,128}$/)));
  return [secretSeed, privateKey];
}

/** How somebody may write them, in lower case: as text, as base64, as hex, keys also by their bytes in base64. */
function formsOf(secrets: readonly string[]): string[] {
  return secrets.flatMap((text) => {
    const hex = text.replace(/^0x/, "");
    const bytes = text === hex ? Buffer.from(text) : Buffer.from(hex, "hex");
    return [hex, bytes.toString("hex"), bytes.toString("base64").replace(/=+$/, ""), bytes.join()].map(
      (form) => form.toLowerCase(),
    );
  });
}

function childrenOf(pid: number): number[] {
  return execFileSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map(Number);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function killQuietly(pid: number | undefined): void {
  if (pid !== undefined && isAlive(pid)) process.kill(pid, "SIGKILL");
}
