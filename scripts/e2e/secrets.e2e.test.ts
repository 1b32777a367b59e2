import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once, setMaxListeners } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalNode, startLocalNode } from "../../localnet/node/local-node.ts";
import { sendCall } from "../../shared/chain/send-call.ts";
import { openSubstrateChain } from "../../shared/chain/substrate-chain.ts";
import { EXIT } from "../../shared/errors.ts";
import { Keypair, keysReady } from "../../shared/keys/keypair.ts";
import { keyfileFromMnemonic, newMnemonic } from "../../shared/keys/new-keyfile.ts";
import { encryptVault } from "../../shared/keys/vault.test-kit.ts";
import { silentLogger } from "../../shared/logger.ts";
import { packageRoot, processEntry } from "../../shared/process-entry.ts";
import { connectRedis } from "../../shared/queue/connection.ts";
import { type PrivateRedis, startPrivateRedis } from "../../shared/queue/private-redis.ts";
import { createDevSubnet, devBalances, minerKeys } from "../dev/dev-subnet.ts";
import { freePort } from "../interop/wire-miner.ts";
import {
  filesBelow,
  findSecrets,
  keysOf,
  type Place,
  processesBelow,
  secretForms,
} from "./find-secrets.test-kit.ts";

/*
 * T33: validator, worker, scorer and miner with encrypted hotkeys through whole epochs, with trouble, told to say all they
 * can. What opens the keys, and the keys themselves, are nowhere but in the keyfile and the password file.
 */

const BLOCK_MS = 150;
const TEMPO = 20;
const SLOW_MS = 120_000;
const STAKE_RAO = 900_000_000_000n;
const LOOPBACK = "[::ffff:127.0.0.1]";

/** A wallet that was never anywhere else. */
type Canary = { hotkey: Keypair; forms: Map<string, Buffer>; flags: string[]; hiding: string[] };

const folder = mkdtempSync(join(tmpdir(), "subforge-canary-"));
const stop = new AbortController();
setMaxListeners(50, stop.signal);
const processes: ChildProcess[] = [];
/** What each stream said, whole: a secret may come in two pieces. */
const said = new Map<string, Buffer[]>();
let node: LocalNode;
let redis: PrivateRedis;
let netuid: number;
let validator: Canary;
let miner: Canary;
let forms: Map<string, Buffer>;

beforeAll(async () => {
  await keysReady();
  validator = createCanary("validator");
  miner = createCanary("miner");
  forms = new Map([...validator.forms, ...miner.forms]);
  const keys = [validator, miner].map(({ hotkey }, index) => ({ ...minerKeys(index + 1), hotkey }));
  const mode = { kind: "interval", ms: BLOCK_MS } as const;
  const genesis = { balances: devBalances(keys) };
  node = await startLocalNode({ port: 0, mode, genesis, logger: silentLogger });
  redis = await startPrivateRedis({
    folder: join(folder, "redis"),
    signal: stop.signal,
    logger: silentLogger,
  });
  const chain = await openSubstrateChain({ endpoint: node.endpoint }, silentLogger);
  ({ netuid } = await createDevSubnet(chain, { tempo: TEMPO, commitReveal: false, miners: keys }));
  const stake = { kind: "addStake", netuid, hotkey: validator.hotkey.address, amountRao: STAKE_RAO } as const;
  await sendCall(chain, stake, keys[0]!.coldkey);
  await chain.close();
}, SLOW_MS);

afterAll(async () => {
  for (const child of processes) child.kill("SIGKILL");
  stop.abort();
  await redis?.stopped;
  await node?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("T33: a secret", () => {
  it("that lies about is found, in whatever form and place", async () => {
    const secret = `0x${randomBytes(32).toString("hex")}`;
    const planted = secretForms({ seed: secret, password: "o'dear\" me" });
    const link = await connectRedis({ url: redis.url, logger: silentLogger });
    for (const [form, bytes] of planted) {
      expect(
        findSecrets([{ name: "a text", bytes: Buffer.concat([Buffer.from("so: "), bytes]) }], planted),
      ).toContain(`${form}: a text`);
    }
    const hex = secret.slice(2);
    await link.redis.hset("canary", "data", JSON.stringify({ payload: "x".repeat(400) + hex }));
    const file = join(folder, "canary");
    writeFileSync(file, Buffer.from(hex, "hex"));
    const child = spawn("sleep", [`60`], { argv0: hex, env: { LEAK: hex } });
    await once(child, "spawn");
    try {
      expect(findSecrets(await keysOf(redis.url), planted)).toEqual(["seed as hex: Redis key canary"]);
      expect(findSecrets(filesBelow(folder, []), planted)).toContain(`seed as bytes: ${file}`);
      const leaks = findSecrets(processesBelow([process.pid]), planted);
      for (const place of ["cmdline", "environ"])
        expect(leaks).toContain(`seed as hex: /proc/${child.pid}/${place}`);
    } finally {
      child.kill("SIGKILL");
      rmSync(file);
      await link.redis.del("canary");
      link.close();
    }
  });

  it(
    "of validator or miner reaches no output, file, queue, argument or environment, whatever happens",
    async () => {
      const where = ["--network", node.endpoint, "--netuid", String(netuid), "--template", "hello"];
      const model = join(packageRoot(), "subnets/hello/models/sum.onnx");
      const minerPort = await freePort();
      const serving = run("miner", [
        ...["miner", "serve", "--json", ...where, "--model", model, "--port", String(minerPort)],
        ...[
          "--announce",
          `${LOOPBACK}:${minerPort}`,
          "--no-require-permit",
          "--metrics-port",
          "0",
          ...miner.flags,
        ],
      ]);
      const data = join(folder, "data");
      const validating = run("validator", [
        ...["validator", "run", "--json", ...where, "--workers", "1", "--data", data, ...validator.flags],
      ]);
      const nothing = join(folder, "wrong-password");
      writeFileSync(nothing, "not it", { mode: 0o600 });
      const refused = run("refused", [
        ...["validator", "run", "--json", ...where, "--data", join(folder, "other")],
        ...withPassword(validator.flags, nothing),
      ]);

      const [worker] = await validating.until("worker.started", 1);
      await validating.until("epoch.scored", 1);
      process.kill(worker!.pid as number, "SIGKILL"); // another one is given the password
      const stranger = run("stranger", ["validator", "worker", "--dev-key", "//Eve"]);
      expect(await stranger.ended).toBe(EXIT.wallet); // while there is a validator to be refused by
      await validating.until("worker.started", 2);
      await validating.until("weights.verified", 1);

      const alive = [serving.child.pid!, validating.child.pid!, redis.pid()!];
      const shown = processesBelow(alive);
      expect(shown.filter(({ name }) => name.endsWith("/environ")).length).toBeGreaterThanOrEqual(5);
      const queued = await keysOf(redis.url);
      expect(queued.length).toBeGreaterThan(3);

      for (const { child } of [serving, validating]) child.kill("SIGTERM");
      for (const { ended } of [serving, validating]) expect(await ended).toBe(EXIT.ok);
      expect(await refused.ended).toBe(EXIT.wallet);
      const files = filesBelow(folder, [...validator.hiding, ...miner.hiding]);
      expect(files.map(({ name }) => name)).toContain(join(data, "journal.db"));
      const streams = [...said].map(([name, pieces]): Place => ({ name, bytes: Buffer.concat(pieces) }));
      const text = Buffer.concat(streams.map(({ bytes }) => bytes)).toString();
      for (const word of ["epoch.scored", "axon.answered", "WALLET_"]) expect(text).toContain(word);
      expect(findSecrets([...streams, ...shown, ...queued, ...files], forms)).toEqual([]);
    },
    SLOW_MS,
  );
});

/** Phrase, seed, both halves of the private key as files and as libraries have them, and the password. */
function createCanary(name: string): Canary {
  const mnemonic = newMnemonic();
  const phrase = mnemonic.revealText();
  const content = keyfileFromMnemonic(mnemonic).secret.revealText();
  const { secretSeed, privateKey } = JSON.parse(content) as { secretSeed: string; privateKey: string };
  const password = `${name}'s "password" ${randomBytes(12).toString("base64url")}`;
  const wallets = join(folder, `${name}-wallets`);
  const [keyfile, passwordFile] = [
    join(wallets, "default", "hotkeys", "default"),
    join(folder, `${name}-password`),
  ];
  mkdirSync(join(wallets, "default", "hotkeys"), { recursive: true, mode: 0o700 });
  writeFileSync(keyfile, encryptVault(content, password), { mode: 0o600 });
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  return {
    hotkey: Keypair.fromUri(phrase),
    forms: secretForms({
      [`${name}: phrase`]: phrase,
      [`${name}: seed`]: secretSeed,
      [`${name}: private key`]: privateKey,
      [`${name}: scalar`]: privateKey.slice(0, 66),
      [`${name}: nonce`]: `0x${privateKey.slice(66)}`,
      [`${name}: password`]: password,
    }),
    flags: ["--wallet-path", wallets, "--password-file", passwordFile],
    hiding: [keyfile, passwordFile],
  };
}

function withPassword(flags: readonly string[], file: string): string[] {
  return [...flags.slice(0, -1), file];
}

type Line = Record<string, unknown>;
type Running = {
  child: ChildProcess;
  ended: Promise<number | null>;
  /** So many events of that name, when there are. */
  until(event: string, count: number): Promise<Line[]>;
};

/** A command that says all it can. All of it is kept for the search. */
function run(name: string, words: string[]): Running {
  const child = spawn(process.execPath, [processEntry("cli"), ...words, "--log-level", "debug"], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, SUBFORGE_QUEUE: redis.url },
  });
  processes.push(child);
  for (const [stream, from] of [
    ["stdout", child.stdout],
    ["stderr", child.stderr],
  ] as const) {
    const pieces: Buffer[] = [];
    said.set(`${stream} of ${name}`, pieces);
    from.on("data", (bytes: Buffer) => pieces.push(bytes));
  }
  const events: Line[] = [];
  let wake = (): void => {};
  createInterface({ input: child.stdout }).on("line", (line) => {
    events.push(JSON.parse(line) as Line);
    wake();
  });
  const ended = once(child, "close").then(([code]) => code as number | null);
  const until = async (event: string, count: number): Promise<Line[]> => {
    for (;;) {
      const found = events.filter((line) => line.event === event);
      if (found.length >= count) return found;
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const code = await Promise.race([woken, ended]);
      if (code !== undefined) throw new Error(`${name} ended with ${code} before ${event}`);
    }
  };
  return { child, ended, until };
}
