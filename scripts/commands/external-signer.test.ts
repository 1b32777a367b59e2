import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalNode, startLocalNode } from "../../localnet/node/local-node.ts";
import { EXIT } from "../../shared/errors.ts";
import { Keypair, keysReady } from "../../shared/keys/keypair.ts";
import { keyfileFromDevKey } from "../../shared/keys/new-keyfile.ts";
import { silentLogger } from "../../shared/logger.ts";
import { runCli } from "../run-cli.test-kit.ts";
import { startSigner } from "../serve-signer.ts";
import { ALICE, createWalletFixture, type WalletFixture } from "../wallet-fixture.test-kit.ts";

/** Processes on a busy machine. */
const SLOW_MS = 60_000;

let fixture: WalletFixture;
let node: LocalNode;
let isAllowed = true;
const payloads: Uint8Array[] = [];
const stop = new AbortController();

beforeAll(async () => {
  await keysReady();
  fixture = await createWalletFixture();
  await fixture.put("coldkeypub.txt", keyfileFromDevKey("//Alice").public);
  await fixture.put("hotkeys/defaultpub.txt", keyfileFromDevKey("//Alice//hotkey").public);
  node = await startLocalNode({ port: 0, mode: { kind: "instant" }, logger: silentLogger });
  await startSigner(join(fixture.folder, "signer.sock"), {
    keypair: Keypair.fromUri("//Alice"),
    confirm: async (payload) => {
      payloads.push(payload);
      return isAllowed;
    },
    logger: silentLogger,
    signal: stop.signal,
  });
});
afterAll(async () => {
  stop.abort();
  await node?.close();
  await rm(fixture.folder, { recursive: true });
});

describe("a write with the coldkey on another machine", () => {
  it("W7 is signed there, and not sent when it is declined there", { timeout: SLOW_MS }, async () => {
    const socket = join(fixture.folder, "signer.sock");
    expect((await stat(socket)).mode & 0o777).toBe(0o600);
    const words = ["subnet", "register", "--network", node.endpoint, "--wallet-path", fixture.wallets];
    const write = [...words, "--signer", `unix:${socket}`, "--yes", "--json"];
    const done = await runCli(write);
    expect(JSON.parse(done.stdout)).toMatchObject({ plan: { signer: ALICE } });
    expect(done.exitCode).toBe(0);
    expect(payloads).toHaveLength(1);

    isAllowed = false;
    const declined = await runCli(write);
    expect(declined.exitCode).toBe(EXIT.wallet);
    expect(declined.stdout).toContain("SIGNER_REFUSED");
    const down = await runCli([...words, "--signer", "unix:/absent.sock", "--yes"]);
    expect(down.exitCode).toBe(EXIT.wallet);
    expect(down.stderr).toContain("SIGNER_UNREACHABLE");
  });
});
