import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalNode, startLocalNode } from "../../localnet/node/local-node.ts";
import type { Call } from "../../shared/chain/chain.ts";
import { sendCall } from "../../shared/chain/send-call.ts";
import { openSubstrateChain } from "../../shared/chain/substrate-chain.ts";
import { Keypair, keysReady } from "../../shared/keys/keypair.ts";
import { silentLogger } from "../../shared/logger.ts";
import { runCli } from "../run-cli.test-kit.ts";

/** A command takes as long as loading the chain's client; on a busy machine several times that. */
const SLOW = 60_000;
const NETUID = 2;

let node: LocalNode;
let addresses: Record<"alice" | "aliceHotkey" | "bob" | "bobHotkey", string>;

beforeAll(async () => {
  await keysReady();
  const address = (uri: string) => Keypair.fromUri(uri).address;
  addresses = {
    alice: address("//Alice"),
    aliceHotkey: address("//Alice//hotkey"),
    bob: address("//Bob"),
    bobHotkey: address("//Bob//hotkey"),
  };
  node = await startLocalNode({ port: 0, mode: { kind: "instant" }, logger: silentLogger });
});

afterAll(async () => {
  await node?.close();
});

/** One life of a subnet: every step builds on the one before. */
describe("the commands of subnet owners and miners", { timeout: SLOW }, () => {
  it("print the plan of a new subnet and send nothing without a yes", async () => {
    const [dry, unsure] = await Promise.all([
      run("subnet", "register", "--dev-key", "//Alice", "--dry-run", "--json"),
      run("subnet", "register", "--dev-key", "//Alice"),
    ]);
    const { plan, ...rest } = json(dry);
    expect(rest).toEqual({ registered: false, dryRun: true, hotkey: addresses.aliceHotkey });
    expect(plan).toMatchObject({ call: "subtensorModule.registerNetwork", signer: addresses.alice });
    expect(BigInt(plan.feeRao)).toBeGreaterThan(0n);
    expect(BigInt(plan.balanceAfterRao)).toBe(
      BigInt(plan.balanceRao) - BigInt(plan.costRao) - BigInt(plan.feeRao),
    );
    expect(unsure.exitCode).toBe(1);
    expect(unsure.stdout).toMatch(/^plan {5}register a new subnet$/m);
    expect(unsure.stderr).toMatch(/^PLAN_DECLINED .*\n.*--yes/);
    expect(node.head().number).toBe(0);
  });

  it("register a subnet, read it back, and name what is wrong with it", async () => {
    const made = json(await run("subnet", "register", "--dev-key", "//Alice", "--yes", "--json"));
    expect(made).toMatchObject({ registered: true, netuid: NETUID, owner: addresses.alice, block: 1 });

    const netuid = ["--netuid", String(NETUID), "--json"];
    const [info, lint, rules, graph] = await Promise.all([
      run("subnet", "info", ...netuid),
      run("subnet", "lint", ...netuid),
      run("subnet", "hyperparams", ...netuid),
      run("metagraph", ...netuid, "--sort", "stake"),
    ]);
    expect(json(info)).toMatchObject({ owner: addresses.alice, neurons: 1, isStarted: false });
    expect(lint.exitCode).toBe(9);
    expect(JSON.parse(lint.stdout).findings[0]).toMatchObject({ code: "NOT_STARTED", level: "error" });
    expect(json(rules).hyperparameters).toContainEqual({
      ...{ name: "immunity_period", value: 5000, unit: "blocks", setBy: "owner" },
      value: expect.any(Number),
    });
    expect(json(graph).neurons).toMatchObject([{ uid: 0, hotkey: addresses.aliceHotkey, axon: null }]);
  });

  it("start a subnet when it is old enough, as its owner, once", async () => {
    const chain = await openSubstrateChain({ endpoint: node.endpoint }, silentLogger);
    const args = { delay: 20 };
    const delay: Call = { kind: "sudo", pallet: "adminUtils", call: "sudoSetStartCallDelay", args };
    await sendCall(chain, delay, Keypair.fromUri("//Alice"));
    await chain.close();
    const words = ["subnet", "start", "--netuid", String(NETUID), "--yes", "--json", "--dev-key"];
    const [young, stranger] = await Promise.all([run(...words, "//Alice"), run(...words, "//Bob")]);
    expect([errorOf(young), errorOf(stranger)]).toEqual([
      [6, "SUBNET_TOO_YOUNG"],
      [5, "SUBNET_NOT_OWNER"],
    ]);
    node.newBlock(20);
    expect(json(await run(...words, "//Alice"))).toMatchObject({ started: true, already: false });
    expect(json(await run(...words, "//Alice"))).toMatchObject({ started: true, already: true });
  });

  it("register a hotkey for the price of the plan, once", async () => {
    const words = ["register", "--netuid", String(NETUID), "--dev-key", "//Bob", "--yes", "--json"];
    const { plan, ...made } = json(await run(...words));
    expect(made).toMatchObject({ registered: true, already: false, uid: 1, hotkey: addresses.bobHotkey });
    const [again, shown] = await Promise.all([run(...words), run("metagraph", "--netuid", String(NETUID))]);
    expect(json(again)).toMatchObject({ already: true, uid: 1, coldkey: addresses.bob });
    expect(shown.stdout).toMatch(/^1 +\w{6}…\w{4} /m);
    expect(BigInt(plan.costRao)).toBeGreaterThan(0n);
  });

  it("set a rule as its owner only, and read it back", async () => {
    const words = ["subnet", "hyperparams", "--netuid", String(NETUID), "set", "immunity_period", "9000"];
    const [foreign, nowhere] = await Promise.all([
      run(...words, "--dev-key", "//Bob", "--yes", "--json"),
      run("subnet", "info", "--netuid", "99", "--json"),
    ]);
    expect([errorOf(foreign), errorOf(nowhere)]).toEqual([
      [5, "SUBNET_NOT_OWNER"],
      [6, "CHAIN_NO_SUBNET"],
    ]);
    const done = json(await run(...words, "--dev-key", "//Alice", "--yes", "--json"));
    expect(done).toMatchObject({ set: true, already: false, name: "immunity_period", value: 9000 });
  });
});

function run(...words: string[]) {
  return runCli([...words, "--network", node.endpoint, "--log-level", "error"]);
}

function json({ exitCode, stdout, stderr }: { exitCode: number | null; stdout: string; stderr: string }) {
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return JSON.parse(stdout);
}

function errorOf({ exitCode, stdout }: { exitCode: number | null; stdout: string }): [number | null, string] {
  return [exitCode, JSON.parse(stdout).error?.code];
}
